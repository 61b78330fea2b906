"""The application under test. Its database is not there in a test."""

import os
from typing import Annotated

from fastapi import Depends, FastAPI

app = FastAPI()


def get_users() -> list[str]:
    raise RuntimeError("no database")


@app.get("/greeting")
async def greeting(users: Annotated[list[str], Depends(get_users)]):
    return {"text": f"{os.environ.get('GREETING', 'Hello')}, {' and '.join(users)}!"}
