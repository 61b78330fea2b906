"""What stands for parts of the application in tests."""


def get_users() -> list[str]:
    return ["Ada", "Grace"]
