/* Faults at the C library, for LD_PRELOAD: calls that concern a folder fail, are short, wait, or
 * stop the process. Environment variables, which are read at every call, choose them:
 *
 *   FAULT_FOLDER  calls on this folder and on everything below it count, other calls do not
 *   FAULT_CALLS   only these calls count, such as "write,fsync"; all of them by default
 *   FAULT_AT      the number of the call, from 1; by default, no call is chosen
 *   FAULT_REPEAT  "once" (the default), "after" (that call and all later ones), or "every"
 *   FAULT_DELAY   microseconds to wait before the chosen call
 *   FAULT_SIGNAL  the number of a signal that the process receives before the chosen call
 *   FAULT_ERRNO   the error with which the chosen call fails
 *   FAULT_BYTES   the most bytes that the chosen read or write transfers
 *   FAULT_LOG     a file to which each counted call is appended, with a "!" if it was chosen
 *
 * 64-bit Linux only, where the names with and without "64" are the same functions.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static long number(const char *variable)
{
    const char *value = getenv(variable);
    return value ? atol(value) : 0;
}

static int concerns(const char *path)
{
    const char *folder = getenv("FAULT_FOLDER");
    size_t length = folder ? strlen(folder) : 0;
    return length && !strncmp(path, folder, length) && (!path[length] || path[length] == '/');
}

static int is_counted(const char *call)
{
    const char *calls = getenv("FAULT_CALLS");
    size_t length = strlen(call);
    if (!calls)
        return 1;
    for (const char *at = calls; (at = strstr(at, call)); at += length)
        if ((at == calls || at[-1] == ',') && (!at[length] || at[length] == ','))
            return 1;
    return 0;
}

static int is_chosen(long count)
{
    const char *repeat = getenv("FAULT_REPEAT");
    long at = number("FAULT_AT");
    if (!at)
        return 0;
    if (repeat && !strcmp(repeat, "after"))
        return count >= at;
    if (repeat && !strcmp(repeat, "every"))
        return count % at == 0;
    return count == at;
}

static void append_to_log(const char *call, int chosen, const char *path)
{
    char line[PATH_MAX + 64];
    const char *log = getenv("FAULT_LOG");
    if (!log)
        return;
    int length = snprintf(line, sizeof line, "%s%s %s\n", call, chosen ? "!" : "", path);
    int file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    syscall(SYS_write, file, line, length);
    syscall(SYS_close, file);
}

/* Counts a call; returns the errno with which it is to fail, 0 if it is to be made, or -1 if it is
 * to be made with at most FAULT_BYTES bytes. */
static int fault(const char *call, const char *path)
{
    static long count;
    if (!concerns(path) || !is_counted(call))
        return 0;
    int chosen = is_chosen(++count), before = errno;
    append_to_log(call, chosen, path);
    if (chosen) {
        long delay = number("FAULT_DELAY");
        struct timespec time = {delay / 1000000, delay % 1000000 * 1000};
        if (delay)
            nanosleep(&time, NULL);
        if (number("FAULT_SIGNAL"))
            raise(number("FAULT_SIGNAL"));
    }
    errno = before;
    if (chosen && number("FAULT_ERRNO"))
        return errno = number("FAULT_ERRNO");
    return chosen && number("FAULT_BYTES") ? -1 : 0;
}

static int fault_at_path(const char *call, int folder, const char *name)
{
    char path[2 * PATH_MAX] = "", link[64];
    if (name[0] != '/') {
        ssize_t length = -1;
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        length = readlink(folder == AT_FDCWD ? "/proc/self/cwd" : link, path, PATH_MAX);
        if (length < 0)
            return 0;
        path[length] = '/';
    }
    strncat(path, name, PATH_MAX - 1);
    return fault(call, path);
}

static int fault_at_file(const char *call, int file)
{
    char path[PATH_MAX] = "", link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    return readlink(link, path, sizeof path - 1) < 0 ? 0 : fault(call, path);
}

static size_t shortened(size_t size)
{
    size_t most = number("FAULT_BYTES");
    return size < most ? size : most;
}

#define OPEN(name, folder, parameters, arguments)                    \
    int name parameters                                              \
    {                                                                \
        va_list rest;                                                \
        va_start(rest, flags);                                       \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                \
        if (fault_at_path("open", folder, path) > 0)                 \
            return -1;                                               \
        return REAL(name) arguments;                                 \
    }
OPEN(open, AT_FDCWD, (const char *path, int flags, ...), (path, flags, mode))
OPEN(open64, AT_FDCWD, (const char *path, int flags, ...), (path, flags, mode))
OPEN(openat, at, (int at, const char *path, int flags, ...), (at, path, flags, mode))
OPEN(openat64, at, (int at, const char *path, int flags, ...), (at, path, flags, mode))

#define TRANSFER(call, name, parameters, arguments, short_arguments) \
    ssize_t name parameters                                          \
    {                                                                \
        int error = fault_at_file(call, file);                       \
        if (error > 0)                                               \
            return -1;                                               \
        return error ? REAL(name) short_arguments : REAL(name) arguments; \
    }
TRANSFER("read", read, (int file, void *to, size_t size), (file, to, size),
         (file, to, shortened(size)))
TRANSFER("write", write, (int file, const void *from, size_t size), (file, from, size),
         (file, from, shortened(size)))
TRANSFER("pwrite", pwrite, (int file, const void *from, size_t size, off_t at),
         (file, from, size, at), (file, from, shortened(size), at))
TRANSFER("pwrite", pwrite64, (int file, const void *from, size_t size, off64_t at),
         (file, from, size, at), (file, from, shortened(size), at))

#define CALL(injected, name, parameters, arguments)                  \
    int name parameters                                              \
    {                                                                \
        return injected > 0 ? -1 : REAL(name) arguments;             \
    }
CALL(fault_at_file("fsync", file), fsync, (int file), (file))
CALL(fault_at_file("fsync", file), fdatasync, (int file), (file))
CALL(fault_at_file("flock", file), flock, (int file, int operation), (file, operation))
CALL(fault_at_file("ftruncate", file), ftruncate, (int file, off_t size), (file, size))
CALL(fault_at_file("ftruncate", file), ftruncate64, (int file, off64_t size), (file, size))
CALL(fault_at_path("rename", AT_FDCWD, to), rename, (const char *from, const char *to), (from, to))
CALL(fault_at_path("rename", at, to), renameat,
     (int from_at, const char *from, int at, const char *to), (from_at, from, at, to))
CALL(fault_at_path("unlink", AT_FDCWD, path), unlink, (const char *path), (path))
CALL(fault_at_path("unlink", at, path), unlinkat, (int at, const char *path, int flags),
     (at, path, flags))
CALL(fault_at_path("rmdir", AT_FDCWD, path), rmdir, (const char *path), (path))
CALL(fault_at_path("mkdir", AT_FDCWD, path), mkdir, (const char *path, mode_t mode), (path, mode))
CALL(fault_at_path("mkdir", at, path), mkdirat, (int at, const char *path, mode_t mode),
     (at, path, mode))
