/*
 * Copyright (c) 2026 The bpfstatsd developers
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

/*
 * Make one call of a named function fail, once.
 *
 * Compiled with -DCONTROL this is the program that says which:
 *
 *	fault file function n errno	the n-th call from now on
 *	fault file			print hits, the process hit, and calls
 *
 * Otherwise it is a library for LD_PRELOAD, which finds the file by the
 * variable FAULT.  The file is mapped by every process that descends from the
 * one that was started, but not by the commands, whose environment is fresh:
 * the calls of all are counted together.
 */

#define _GNU_SOURCE
#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <net/if.h>

#include <dlfcn.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define nitems(a)	(sizeof(a) / sizeof((a)[0]))

struct fault {
	int		 function;	/* index in names[], or -1 */
	int		 error;
	atomic_int	 left;		/* calls until it fails */
	atomic_int	 calls;
	atomic_int	 hits;
	int		 pid;		/* the process that was hit */
};

enum function {
	F_MALLOC, F_CALLOC, F_REALLOC, F_FORK, F_PIPE2, F_SOCKETPAIR,
	F_MMAP, F_OPEN, F_SOCKET, F_BIND, F_SETSOCKOPT, F_GETSOCKOPT,
	F_SETRESUID, F_SETRESGID, F_SETGROUPS, F_CHROOT, F_CHDIR, F_SETSID,
	F_DUP2, F_EXECVE, F_WRITE, F_READ, F_SHUTDOWN, F_EPOLL_CREATE1,
	F_EPOLL_CTL, F_FCNTL, F_PRCTL, F_SYSCALL, F_SETRLIMIT, F_GETPWNAM,
	F_FSTAT, F_STAT, F_SECCOMP_LOAD, F_IF_NAMETOINDEX, F_MPROTECT,
	F_FCHOWN, F_ACCEPT4, F_WRITEV, F_LISTEN, F_FLOCK, F_LSTAT, F_UNLINK,
	F_RENAME, F_FSYNC, F_FDOPEN, F_FFLUSH, F_CONNECT
};

static const char *names[] = {
	"malloc", "calloc", "realloc", "fork", "pipe2", "socketpair",
	"mmap", "open", "socket", "bind", "setsockopt", "getsockopt",
	"setresuid", "setresgid", "setgroups", "chroot", "chdir", "setsid",
	"dup2", "execve", "write", "read", "shutdown", "epoll_create1",
	"epoll_ctl", "fcntl", "prctl", "syscall", "setrlimit", "getpwnam",
	"fstat", "stat", "seccomp_load", "if_nametoindex", "mprotect", "fchown",
	"accept4", "writev", "listen", "flock", "lstat", "unlink", "rename",
	"fsync", "fdopen", "fflush", "connect"
};

static struct fault	*fault;

#ifdef CONTROL

int
main(int argc, char *argv[])
{
	size_t	 i;
	int	 fd;

	if (argc != 2 && argc != 5)
		errx(2, "usage: fault file [function n errno]");
	if ((fd = open(argv[1], O_RDWR | O_CREAT, 0600)) == -1 ||
	    ftruncate(fd, sizeof(*fault)) == -1)
		err(2, "%s", argv[1]);
	fault = mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	if (fault == MAP_FAILED)
		err(2, "mmap");
	if (argc == 2) {
		printf("%d %d %d\n", fault->hits, fault->pid, fault->calls);
		return 0;
	}
	for (i = 0; i < nitems(names); i++)
		if (strcmp(names[i], argv[2]) == 0)
			break;
	if (i == nitems(names) && strcmp(argv[2], "none") != 0)
		errx(2, "no function %s", argv[2]);
	fault->function = -1;
	fault->error = atoi(argv[4]);
	fault->left = atoi(argv[3]);
	fault->calls = fault->hits = fault->pid = 0;
	if (i < nitems(names))
		fault->function = i;
	return 0;
}

#else

static void	*real[nitems(names)];
static int	 fragile;	/* memory does not fail now */
static pid_t	 self;		/* the engine may not ask */
static int	 signal_fd;	/* libevent's, see read() */

/* Before main(): later there may be no file system and no memory. */
__attribute__((__constructor__))
static void
set_up(void)
{
	const char	*name = getenv("FAULT");
	size_t		 i;
	int		 fd;

	self = getpid();
	for (i = 0; i < nitems(names); i++)
		real[i] = dlsym(RTLD_NEXT, names[i]);
	if (name == NULL || (fd = open(name, O_RDWR | O_CLOEXEC)) == -1)
		return;
	fault = mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	close(fd);
	if (fault == MAP_FAILED)
		fault = NULL;
}

static void *
find(enum function function)
{
	if (real[function] == NULL)
		real[function] = dlsym(RTLD_NEXT, names[function]);
	return real[function];
}

/* Does this call fail? */
static int
hit(enum function function)
{
	if (fault == NULL || fault->function != (int)function ||
	    (fragile && function <= F_REALLOC))
		return 0;
	fault->calls++;
	if (atomic_fetch_sub(&fault->left, 1) != 1)
		return 0;
	fault->hits++;
	fault->pid = self;
	errno = fault->error;
	return 1;
}

/* A function of so many parameters, and what it returns when it fails. */
#define FAIL(F, type, name, failed, parameters, arguments)		\
type									\
name parameters								\
{									\
	if (hit(F))							\
		return failed;						\
	return ((type (*) parameters)find(F)) arguments;		\
}

void	*__libc_malloc(size_t);
void	*__libc_calloc(size_t, size_t);
void	*__libc_realloc(void *, size_t);

void *
malloc(size_t size)
{
	return hit(F_MALLOC) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return hit(F_CALLOC) ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	return hit(F_REALLOC) ? NULL : __libc_realloc(p, size);
}

pid_t
fork(void)
{
	pid_t	 pid;

	if (hit(F_FORK))
		return -1;
	if ((pid = ((pid_t (*)(void))find(F_FORK))()) == 0)
		self = getpid();
	return pid;
}

/* Only libevent's are like that at once. */
int
pipe2(int fds[2], int flags)
{
	int	 result;

	if (hit(F_PIPE2))
		return -1;
	result = ((int (*)(int *, int))find(F_PIPE2))(fds, flags);
	if (result == 0 && (flags & O_NONBLOCK) != 0)
		signal_fd = fds[0];
	return result;
}

FAIL(F_SOCKETPAIR, int, socketpair, -1,
    (int domain, int type, int protocol, int sv[2]),
    (domain, type, protocol, sv))
FAIL(F_SOCKET, int, socket, -1, (int domain, int type, int protocol),
    (domain, type, protocol))
FAIL(F_BIND, int, bind, -1,
    (int fd, const struct sockaddr *sa, socklen_t len), (fd, sa, len))
FAIL(F_CONNECT, int, connect, -1,
    (int fd, const struct sockaddr *sa, socklen_t len), (fd, sa, len))
FAIL(F_SETSOCKOPT, int, setsockopt, -1,
    (int fd, int level, int option, const void *value, socklen_t len),
    (fd, level, option, value, len))
FAIL(F_SETRESUID, int, setresuid, -1, (uid_t r, uid_t e, uid_t s), (r, e, s))
FAIL(F_SETRESGID, int, setresgid, -1, (gid_t r, gid_t e, gid_t s), (r, e, s))
FAIL(F_SETGROUPS, int, setgroups, -1, (size_t n, const gid_t *groups),
    (n, groups))
FAIL(F_CHROOT, int, chroot, -1, (const char *path), (path))
FAIL(F_CHDIR, int, chdir, -1, (const char *path), (path))
FAIL(F_SETSID, pid_t, setsid, -1, (void), ())
FAIL(F_DUP2, int, dup2, -1, (int from, int to), (from, to))
FAIL(F_EXECVE, int, execve, -1,
    (const char *path, char *const argv[], char *const env[]),
    (path, argv, env))
FAIL(F_SHUTDOWN, int, shutdown, -1, (int fd, int how), (fd, how))
FAIL(F_MPROTECT, int, mprotect, -1, (void *addr, size_t len, int prot),
    (addr, len, prot))
FAIL(F_FCHOWN, int, fchown, -1, (int fd, uid_t uid, gid_t gid),
    (fd, uid, gid))
FAIL(F_ACCEPT4, int, accept4, -1,
    (int fd, struct sockaddr *sa, socklen_t *len, int flags),
    (fd, sa, len, flags))
FAIL(F_WRITEV, ssize_t, writev, -1,
    (int fd, const struct iovec *iov, int n), (fd, iov, n))
FAIL(F_LISTEN, int, listen, -1, (int fd, int backlog), (fd, backlog))
FAIL(F_FLOCK, int, flock, -1, (int fd, int operation), (fd, operation))
FAIL(F_LSTAT, int, lstat, -1, (const char *path, struct stat *st), (path, st))
FAIL(F_UNLINK, int, unlink, -1, (const char *path), (path))
FAIL(F_RENAME, int, rename, -1, (const char *from, const char *to),
    (from, to))
FAIL(F_FSYNC, int, fsync, -1, (int fd), (fd))
FAIL(F_FDOPEN, FILE *, fdopen, NULL, (int fd, const char *mode), (fd, mode))
FAIL(F_FFLUSH, int, fflush, EOF, (FILE *file), (file))
FAIL(F_EPOLL_CREATE1, int, epoll_create1, -1, (int flags), (flags))
FAIL(F_EPOLL_CTL, int, epoll_ctl, -1,
    (int epfd, int op, int fd, struct epoll_event *event),
    (epfd, op, fd, event))
FAIL(F_SETRLIMIT, int, setrlimit, -1,
    (__rlimit_resource_t resource, const struct rlimit *limit),
    (resource, limit))
FAIL(F_FSTAT, int, fstat, -1, (int fd, struct stat *st), (fd, st))
FAIL(F_STAT, int, stat, -1, (const char *path, struct stat *st), (path, st))
FAIL(F_IF_NAMETOINDEX, unsigned int, if_nametoindex, 0, (const char *name),
    (name))

/*
 * The first one reads nsswitch.conf, and without memory the GNU C library
 * dies of that itself, of an assertion or worse.
 */
struct passwd *
getpwnam(const char *name)
{
	static int	 again;
	struct passwd	*pw;

	if (hit(F_GETPWNAM))
		return NULL;
	fragile = !again;
	pw = ((struct passwd *(*)(const char *))find(F_GETPWNAM))(name);
	fragile = 0;
	again = 1;
	return pw;
}

int	 seccomp_load(void *);

int
seccomp_load(void *filter)
{
	if (hit(F_SECCOMP_LOAD))
		return -fault->error;
	return ((int (*)(void *))find(F_SECCOMP_LOAD))(filter);
}

/*
 * Not the byte by which libevent tells itself of a signal: it goes through a
 * pipe that is never closed and, when it is full, has told already.
 */
ssize_t
read(int fd, void *buf, size_t len)
{
	if (fd != signal_fd && hit(F_READ))
		return -1;
	return ((ssize_t (*)(int, void *, size_t))find(F_READ))(fd, buf, len);
}

ssize_t
write(int fd, const void *buf, size_t len)
{
	if ((len != 1 || *(const char *)buf == '\0') && hit(F_WRITE))
		return -1;
	return ((ssize_t (*)(int, const void *, size_t))find(F_WRITE))(fd,
	    buf, len);
}

/* malloc(3) maps memory by itself; this is what the program maps. */
void *
mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	if (hit(F_MMAP))
		return MAP_FAILED;
	return ((void *(*)(void *, size_t, int, int, int, off_t))
	    find(F_MMAP))(addr, len, prot, flags, fd, offset);
}

int
open(const char *path, int flags, ...)
{
	va_list	 ap;
	int	 mode;

	va_start(ap, flags);
	mode = va_arg(ap, int);
	va_end(ap);
	if (hit(F_OPEN))
		return -1;
	return ((int (*)(const char *, int, ...))find(F_OPEN))(path, flags,
	    mode);
}

int	 __open_2(const char *, int);

int
__open_2(const char *path, int flags)
{
	return open(path, flags, 0);
}

int
fcntl(int fd, int command, ...)
{
	va_list	 ap;
	long	 arg;

	va_start(ap, command);
	arg = va_arg(ap, long);
	va_end(ap);
	if (hit(F_FCNTL))
		return -1;
	return ((int (*)(int, int, ...))find(F_FCNTL))(fd, command, arg);
}

int
fcntl64(int fd, int command, ...)
{
	va_list	 ap;
	long	 arg;

	va_start(ap, command);
	arg = va_arg(ap, long);
	va_end(ap);
	return fcntl(fd, command, arg);
}

int
prctl(int option, ...)
{
	va_list	 ap;
	long	 arg[4];
	size_t	 i;

	va_start(ap, option);
	for (i = 0; i < nitems(arg); i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (hit(F_PRCTL))
		return -1;
	return ((int (*)(int, ...))find(F_PRCTL))(option, arg[0], arg[1],
	    arg[2], arg[3]);
}

long
syscall(long number, ...)
{
	va_list	 ap;
	long	 arg[6];
	size_t	 i;

	va_start(ap, number);
	for (i = 0; i < nitems(arg); i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (hit(number == SYS_getsockopt ? F_GETSOCKOPT : F_SYSCALL))
		return -1;
	return ((long (*)(long, ...))find(F_SYSCALL))(number, arg[0], arg[1],
	    arg[2], arg[3], arg[4], arg[5]);
}

#endif
