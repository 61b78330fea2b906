// Nest answers /, its middleware checks who is asking, and everything below /api goes to Python.
import 'reflect-metadata'
import {
  Controller, Get, type MiddlewareConsumer, Module, type NestModule, type OnApplicationShutdown
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { PythonHandler } from 'node-asgi'

const python = new PythonHandler({ docroot: import.meta.dirname })

@Controller()
class HelloController {
  @Get()
  hello () {
    return 'Hello from Nest\n'
  }
}

/** For requests and for WebSockets. */
function login (req: any, res: any, next: () => void) {
  req.user = req.headers['x-user'] // your own login goes here
  if (req.user) next()
  else res.status(401).send('Say who you are: x-user\n')
}

@Module({ controllers: [HelloController] })
class AppModule implements NestModule, OnApplicationShutdown {
  configure (consumer: MiddlewareConsumer) {
    consumer
      .apply(login, python.middleware({ prefix: '/api', scope: (req) => ({ user: req.user }) }))
      .forRoutes('api/{*path}')
  }

  async onApplicationShutdown () {
    await python.close()
  }
}

const app = await NestFactory.create(AppModule, { bodyParser: false, forceCloseConnections: true })
app.enableShutdownHooks()
await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
console.log(await app.getUrl())
