/**
 * What one worker may use, as resource limits of the system (setrlimit(2)). The application cannot
 * raise them, unless it runs as root. A limit of the system that is lower stays in force.
 */
export interface IsolationLimits {
  /**
   * Private memory in bytes: heap, thread stacks, and what was preloaded, but neither files nor
   * shared memory (RLIMIT_DATA). At least 1. Beyond it, Python raises `MemoryError`. If a request
   * fails with that, its worker ends, and the requests that it had fail with `ERR_WORKER_CRASHED`.
   * @defaultValue `Infinity`
   * @throws `ERR_INVALID_OPTION` on macOS, which does not enforce it.
   */
  memory?: number

  /**
   * CPU time in milliseconds, over the whole life of the worker, rounded up to seconds
   * (RLIMIT_CPU). At least 1. After that the worker is killed with SIGXCPU, and replaced.
   * @defaultValue `Infinity`
   */
  cpu?: number

  /**
   * Open file descriptors (RLIMIT_NOFILE). At least 64.
   * @defaultValue `Infinity`
   */
  files?: number

  /**
   * Processes and threads of the worker's user, counted over the whole system (RLIMIT_NPROC). At
   * least 1. Useful with a {@link IsolationOptions.user | user} that runs nothing else; it does not
   * apply to root.
   * @defaultValue `Infinity`
   */
  processes?: number

  /**
   * The size of a core file in bytes (RLIMIT_CORE). At least 0. There are none at all without
   * {@link IsolationOptions.debug | debug}.
   * @defaultValue `Infinity`
   */
  core?: number
}

/** Files that the application may use in addition to those of the profile `strict`. */
export interface IsolationAllow {
  /**
   * Paths that may be read and executed, with everything below them. Relative paths start at the
   * working directory of Node. They must exist.
   * @defaultValue `[]`
   */
  read?: readonly (string | URL)[]

  /**
   * Paths that may be read and written, with everything below them. They must exist. Programs
   * below them cannot be executed.
   * @defaultValue `[]`
   */
  write?: readonly (string | URL)[]
}

/**
 * How the Python processes are separated from Node, from each other and from the system.
 */
export interface IsolationOptions {
  /**
   * `strict` confines the Python processes: the application can read its docroot, the Python
   * environment and system libraries, and write a temporary directory of its own (`TMPDIR`).
   * Tracing, raw sockets, new namespaces and parts of the kernel that few programs need are
   * refused. Needs Landlock (Linux 6.2).
   * @defaultValue `'none'`
   * @throws `ERR_INVALID_OPTION` if the kernel does not have it.
   */
  profile?: 'none' | 'strict'

  /**
   * Whether debuggers and profilers of the same user may attach to the Python processes, and
   * whether these leave core files. Otherwise only root can. This also lets a hostile worker read
   * the memory of the others.
   * @defaultValue false
   */
  debug?: boolean

  /**
   * Whether to protect the process of Node in the same way. It then leaves no core file, and
   * debuggers of the same user cannot attach. `node --inspect` still works. Cannot be undone.
   * @defaultValue false
   * @throws `ERR_INVALID_OPTION` on macOS, which has nothing of the kind.
   */
  node?: boolean

  /**
   * The user that the Python processes run as: a name or a number. `HOME`, `USER` and `LOGNAME` are
   * set to match. The processes have no supplementary groups.
   * @defaultValue the user of Node
   * @throws `ERR_INVALID_OPTION` if there is no such user, or Node is not root.
   */
  user?: string | number

  /**
   * The group that the Python processes run as: a name or a number.
   * @defaultValue the group of {@link IsolationOptions.user | user}, or that of Node
   */
  group?: string | number

  /**
   * The permissions that new files of the Python processes do not get, for example `0o027`.
   * @defaultValue that of Node
   */
  umask?: number

  /**
   * Whether programs that the application executes gain no privileges, for example by set-user-ID
   * (PR_SET_NO_NEW_PRIVS).
   * @defaultValue true with the profile `strict`, otherwise false
   * @throws `ERR_INVALID_OPTION` on macOS, which has nothing of the kind.
   */
  noNewPrivileges?: boolean

  /**
   * Whether the Python processes give up all capabilities. With another
   * {@link IsolationOptions.user | user} they have none anyway.
   * @defaultValue true with the profile `strict`, otherwise false
   * @throws `ERR_INVALID_OPTION` on macOS, which has no capabilities.
   */
  dropCapabilities?: boolean

  /**
   * Which variables of Node's environment the Python processes get: all, those that the interpreter
   * needs (`PATH`, `HOME`, `USER`, `LOGNAME`, `LANG`, `LANGUAGE`, `LC_*`, `TZ`, `TMPDIR`,
   * `LD_LIBRARY_PATH`, `VIRTUAL_ENV`, `CONDA_PREFIX`, `PYTHON*`), or those and the ones in this
   * list. The option `env` adds to them.
   * @defaultValue false with the profile `strict`, otherwise true
   */
  inheritEnv?: boolean | readonly string[]

  /**
   * More files for the profile `strict`.
   * @defaultValue `{}`
   */
  allow?: IsolationAllow

  /**
   * Limits for each worker.
   * @defaultValue `{}`
   */
  limits?: IsolationLimits
}
