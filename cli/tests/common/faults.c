/* A disk's faults, for the files of one folder: loaded before the C library, whose calls it takes the place of.
   MEDPROOF_FAULTS names a file. While its first letter is `f`, the disk is full: nothing is written.
   While it is `s`, what was written does not reach the disk: synchronising fails. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static int has(int fd, char fault) {
    const char *control = getenv("MEDPROOF_FAULTS");
    if (!control) return 0;
    int opened = (int)syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC);
    if (opened < 0) return 0;
    char found = 0;
    long count = syscall(SYS_read, opened, &found, 1);
    syscall(SYS_close, opened);
    if (count != 1 || found != fault) return 0;
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    size_t folder = (size_t)(strrchr(control, '/') - control);
    return strncmp(path, control, folder) == 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAILS(fd, fault, code) do { if (has(fd, fault)) { errno = code; return -1; } } while (0)

ssize_t write(int fd, const void *data, size_t count) { FAILS(fd, 'f', ENOSPC); return REAL(write)(fd, data, count); }
ssize_t writev(int fd, const struct iovec *parts, int count) { FAILS(fd, 'f', ENOSPC); return REAL(writev)(fd, parts, count); }
ssize_t pwrite(int fd, const void *data, size_t count, off_t at) { FAILS(fd, 'f', ENOSPC); return REAL(pwrite)(fd, data, count, at); }
ssize_t pwrite64(int fd, const void *data, size_t count, off64_t at) { FAILS(fd, 'f', ENOSPC); return REAL(pwrite64)(fd, data, count, at); }
int ftruncate(int fd, off_t length) { FAILS(fd, 'f', ENOSPC); return REAL(ftruncate)(fd, length); }
int ftruncate64(int fd, off64_t length) { FAILS(fd, 'f', ENOSPC); return REAL(ftruncate64)(fd, length); }
int posix_fallocate(int fd, off_t at, off_t length) { if (has(fd, 'f')) return ENOSPC; return REAL(posix_fallocate)(fd, at, length); }
int fsync(int fd) { FAILS(fd, 's', EIO); return REAL(fsync)(fd); }
int fdatasync(int fd) { FAILS(fd, 's', EIO); return REAL(fdatasync)(fd); }
