/*
 * Records what a program writes below one folder, for tests/support/power_cut/disk.py (LD_PRELOAD, Linux).
 *
 * POWER_CUT_ROOT: the folder; POWER_CUT_LOG: the file that every process appends to; POWER_CUT_FLUSH_US: how long a
 * flush takes (it is recorded, not made: the power is cut in the replay only); POWER_CUT_FAIL_EVERY: how many flushes
 * succeed between two that fail with EIO, on average; 0 for none. One record is one writev() to a
 * file opened with O_APPEND, so that records of several processes follow one another. A change is recorded under a
 * lock together with the call that makes it; a flush is recorded before it begins and after it has ended.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_FDS 65536
enum { UNKNOWN, TRACKED, OTHER };

struct header {
    char magic[2];
    char kind;
    char flag;
    uint32_t path, path2, data;
    uint64_t inode, number;
} __attribute__((packed));

static char root[4096];
static size_t root_length;
static int log_fd = -1;
static unsigned char known[MAX_FDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t flushes;
static useconds_t flush_us;
static unsigned fail_every, dice;

#define REAL(type, name, ...)                                                                                          \
    static type (*real_##name)(__VA_ARGS__);                                                                           \
    if (!real_##name) real_##name = dlsym(RTLD_NEXT, #name)

static ssize_t (*log_writev)(int, const struct iovec *, int);

__attribute__((constructor)) static void set_up(void) {
    const char *folder = getenv("POWER_CUT_ROOT"), *file = getenv("POWER_CUT_LOG");
    if (!folder || !file || strlen(folder) >= sizeof root) return;
    int (*real_open)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    log_writev = dlsym(RTLD_NEXT, "writev");
    const char *wait = getenv("POWER_CUT_FLUSH_US");
    flush_us = wait ? atoi(wait) : 0;
    const char *fail = getenv("POWER_CUT_FAIL_EVERY");
    fail_every = fail ? (unsigned)atoi(fail) : 0;
    dice = (unsigned)getpid();
    strcpy(root, folder);
    root_length = strlen(root);
    log_fd = real_open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log_fd >= 0) {  /* out of the way of programs that close low numbers */
        int high = fcntl(log_fd, F_DUPFD_CLOEXEC, 900);
        if (high >= 0) {
            int (*real_close)(int) = dlsym(RTLD_NEXT, "close");
            real_close(log_fd);
            log_fd = high;
        }
    }
}

static void record(char kind, char flag, uint64_t inode, uint64_t number, const char *path, const char *path2,
                   const struct iovec *data, int parts, size_t size) {
    struct header head = {{'P', 'C'}, kind, flag, path ? strlen(path) : 0, path2 ? strlen(path2) : 0, size, inode, number};
    struct iovec all[1024 + 3];
    int saved = errno, count = 0;
    if (parts > 1024) abort();
    all[count++] = (struct iovec){&head, sizeof head};
    if (head.path) all[count++] = (struct iovec){(void *)path, head.path};
    if (head.path2) all[count++] = (struct iovec){(void *)path2, head.path2};
    for (size_t left = size; left && parts; data++, parts--) {  /* a call may have written less than it was given */
        size_t some = data->iov_len < left ? data->iov_len : left;
        if (some) all[count++] = (struct iovec){data->iov_base, some};
        left -= some;
    }
    size_t want = sizeof head + head.path + head.path2 + size;
    /* IOV_MAX is 1024: join the rest */
    if (count > 1024) abort();
    if (log_writev(log_fd, all, count) != (ssize_t)want) abort();
    errno = saved;
}

static int below_root(const char *path) {
    if (strncmp(path, root, root_length) || (path[root_length] && path[root_length] != '/')) return 0;
    size_t length = strlen(path);
    return !(length > 4 && !strcmp(path + length - 4, "-shm"));  /* in memory; rebuilt after a crash */
}

static int absolute(int folder, const char *path, char *out) {
    char base[4096], link[64];
    if (!path) return 0;
    if (path[0] == '/') {
        if (strlen(path) >= 4096) return 0;
        strcpy(out, path);
        return 1;
    }
    if (folder == AT_FDCWD) {
        if (!getcwd(base, sizeof base)) return 0;
    } else {
        snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, base, sizeof base - 1);
        if (length < 0) return 0;
        base[length] = 0;
    }
    return snprintf(out, 4096, "%s/%s", base, path) < 4096;
}

static int tracked_path(int folder, const char *path, char *out) {
    int saved = errno, found = log_fd >= 0 && absolute(folder, path, out) && below_root(out);
    errno = saved;
    return found;
}

static int tracked(int fd) {
    if (log_fd < 0 || fd < 0 || fd >= MAX_FDS || fd == log_fd) return 0;
    if (known[fd] == UNKNOWN) {
        char link[64], path[4096];
        struct stat state;
        int saved = errno;
        known[fd] = OTHER;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = readlink(link, path, sizeof path - 1);
        if (length > 0 && !fstat(fd, &state) && (S_ISREG(state.st_mode) || S_ISDIR(state.st_mode))) {
            path[length] = 0;
            if (length > 10 && !strcmp(path + length - 10, " (deleted)")) path[length - 10] = 0;
            if (below_root(path)) known[fd] = TRACKED;
        }
        errno = saved;
    }
    return known[fd] == TRACKED;
}

static void forget(int fd) {
    if (fd >= 0 && fd < MAX_FDS) known[fd] = UNKNOWN;
}

static uint64_t inode_of(int fd) {
    struct stat state;
    int saved = errno;
    uint64_t inode = fstat(fd, &state) ? 0 : state.st_ino;
    errno = saved;
    return inode;
}

static uint64_t size_of(int fd) {
    struct stat state;
    int saved = errno;
    uint64_t size = fstat(fd, &state) ? 0 : state.st_size;
    errno = saved;
    return size;
}

/* Opening */

typedef int (*opener)(int folder, const char *path, int flags, mode_t mode);

static int open_recorded(opener open_it, int folder, const char *path, int flags, mode_t mode) {
    char full[4096];
    struct stat before;
    if (!tracked_path(folder, path, full)) {
        int fd = open_it(folder, path, flags, mode);
        forget(fd);
        return fd;
    }
    pthread_mutex_lock(&lock);
    int saved = errno, existed = !lstat(full, &before);
    errno = saved;
    int fd = open_it(folder, path, flags, mode);
    forget(fd);
    if (fd >= 0 && (flags & O_CREAT) && !existed && (flags & O_TMPFILE) != O_TMPFILE)
        record('C', 0, inode_of(fd), 0, full, NULL, NULL, 0, 0);
    else if (fd >= 0 && (flags & O_TRUNC) && before.st_size)
        record('T', 0, inode_of(fd), 0, NULL, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&lock);
    return fd;
}

#define MODE(flags, mode)                                                                                              \
    mode_t mode = 0;                                                                                                   \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                                             \
        va_list list;                                                                                                  \
        va_start(list, flags);                                                                                         \
        mode = va_arg(list, mode_t);                                                                                   \
        va_end(list);                                                                                                  \
    }

static int by_openat(int folder, const char *path, int flags, mode_t mode) {
    REAL(int, openat, int, const char *, int, ...);
    return real_openat(folder, path, flags | O_LARGEFILE, mode);
}

int open(const char *path, int flags, ...) { MODE(flags, mode); return open_recorded(by_openat, AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags, mode); return open_recorded(by_openat, AT_FDCWD, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) { MODE(flags, mode); return open_recorded(by_openat, folder, path, flags, mode); }
int openat64(int folder, const char *path, int flags, ...) { MODE(flags, mode); return open_recorded(by_openat, folder, path, flags, mode); }
int __open_2(const char *path, int flags) { return open_recorded(by_openat, AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_recorded(by_openat, AT_FDCWD, path, flags, 0); }
int creat(const char *path, mode_t mode) { return open_recorded(by_openat, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
    REAL(int, close, int);
    if (fd == log_fd && log_fd >= 0) return 0;
    forget(fd);
    return real_close(fd);
}

int dup2(int from, int to) {
    REAL(int, dup2, int, int);
    forget(to);
    return real_dup2(from, to);
}

/* Writing */

static void record_written(int fd, ssize_t written, off_t at, const struct iovec *parts, int count) {
    if (written > 0) record('W', 0, inode_of(fd), at, NULL, NULL, parts, count, written);
}

ssize_t write(int fd, const void *data, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    if (!tracked(fd)) return real_write(fd, data, size);
    struct iovec part = {(void *)data, size};
    pthread_mutex_lock(&lock);
    ssize_t written = real_write(fd, data, size);
    record_written(fd, written, lseek(fd, 0, SEEK_CUR) - written, &part, 1);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, writev, int, const struct iovec *, int);
    if (!tracked(fd)) return real_writev(fd, parts, count);
    if (count > 1000) count = 1000;  /* a partial write, which every caller has to expect */
    pthread_mutex_lock(&lock);
    ssize_t written = real_writev(fd, parts, count);
    record_written(fd, written, lseek(fd, 0, SEEK_CUR) - written, parts, count);
    pthread_mutex_unlock(&lock);
    return written;
}

static ssize_t pwrite_recorded(int fd, const void *data, size_t size, off_t at) {
    REAL(ssize_t, pwrite, int, const void *, size_t, off_t);
    if (!tracked(fd)) return real_pwrite(fd, data, size, at);
    struct iovec part = {(void *)data, size};
    pthread_mutex_lock(&lock);
    ssize_t written = real_pwrite(fd, data, size, at);
    record_written(fd, written, at, &part, 1);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return pwrite_recorded(fd, data, size, at); }
ssize_t pwrite64(int fd, const void *data, size_t size, off_t at) { return pwrite_recorded(fd, data, size, at); }

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    REAL(ssize_t, pwritev, int, const struct iovec *, int, off_t);
    if (!tracked(fd)) return real_pwritev(fd, parts, count, at);
    if (count > 1000) count = 1000;
    pthread_mutex_lock(&lock);
    ssize_t written = real_pwritev(fd, parts, count, at);
    record_written(fd, written, at, parts, count);
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t at) { return pwritev(fd, parts, count, at); }

/* Copies inside the kernel: programs fall back to reading and writing. */

ssize_t sendfile(int to, int from, off_t *at, size_t size) {
    REAL(ssize_t, sendfile, int, int, off_t *, size_t);
    if (!tracked(to)) return real_sendfile(to, from, at, size);
    errno = EINVAL;
    return -1;
}

ssize_t sendfile64(int to, int from, off_t *at, size_t size) { return sendfile(to, from, at, size); }

ssize_t copy_file_range(int from, off_t *at, int to, off_t *to_at, size_t size, unsigned flags) {
    REAL(ssize_t, copy_file_range, int, off_t *, int, off_t *, size_t, unsigned);
    if (!tracked(to)) return real_copy_file_range(from, at, to, to_at, size, flags);
    errno = EXDEV;
    return -1;
}

/* Sizes */

static int ftruncate_recorded(int fd, off_t size) {
    REAL(int, ftruncate, int, off_t);
    if (!tracked(fd)) return real_ftruncate(fd, size);
    pthread_mutex_lock(&lock);
    int failed = real_ftruncate(fd, size);
    if (!failed) record('T', 0, inode_of(fd), size, NULL, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&lock);
    return failed;
}

int ftruncate(int fd, off_t size) { return ftruncate_recorded(fd, size); }
int ftruncate64(int fd, off_t size) { return ftruncate_recorded(fd, size); }

int truncate(const char *path, off_t size) {
    int fd = open(path, O_WRONLY);
    if (fd < 0) return -1;
    int failed = ftruncate_recorded(fd, size), saved = errno;
    close(fd);
    errno = saved;
    return failed;
}

int truncate64(const char *path, off_t size) { return truncate(path, size); }

static int fallocate_recorded(int fd, int failed) {
    if (!failed && tracked(fd)) {
        pthread_mutex_lock(&lock);
        record('T', 0, inode_of(fd), size_of(fd), NULL, NULL, NULL, 0, 0);
        pthread_mutex_unlock(&lock);
    }
    return failed;
}

int posix_fallocate(int fd, off_t at, off_t size) {
    REAL(int, posix_fallocate, int, off_t, off_t);
    return fallocate_recorded(fd, real_posix_fallocate(fd, at, size));
}

int posix_fallocate64(int fd, off_t at, off_t size) { return posix_fallocate(fd, at, size); }

int fallocate(int fd, int mode, off_t at, off_t size) {
    REAL(int, fallocate, int, int, off_t, off_t);
    return fallocate_recorded(fd, real_fallocate(fd, mode, at, size));
}

int fallocate64(int fd, int mode, off_t at, off_t size) { return fallocate(fd, mode, at, size); }

/* Flushes */

static int flush_recorded(int fd, int (*flush)(int)) {
    if (!tracked(fd)) return flush(fd);
    pthread_mutex_lock(&lock);
    uint64_t number = ((uint64_t)getpid() << 32) | ++flushes, inode = inode_of(fd);
    record('B', 0, inode, number, NULL, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&lock);
    if (flush_us) usleep(flush_us);
    pthread_mutex_lock(&lock);
    if (fail_every && rand_r(&dice) % fail_every == 0) {
        pthread_mutex_unlock(&lock);
        errno = EIO;
        return -1;
    }
    record('E', 0, inode, number, NULL, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&lock);
    return 0;
}

int fsync(int fd) { REAL(int, fsync, int); return flush_recorded(fd, real_fsync); }
int fdatasync(int fd) { REAL(int, fdatasync, int); return flush_recorded(fd, real_fdatasync); }

/* Names */

static int rename_recorded(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    REAL(int, renameat2, int, const char *, int, const char *, unsigned);
    char full[4096], full2[4096];
    if (!tracked_path(from_folder, from, full) || !tracked_path(to_folder, to, full2))
        return real_renameat2(from_folder, from, to_folder, to, flags);
    pthread_mutex_lock(&lock);
    int failed = real_renameat2(from_folder, from, to_folder, to, flags);
    if (!failed) record('R', 0, 0, 0, full, full2, NULL, 0, 0);
    pthread_mutex_unlock(&lock);
    return failed;
}

int rename(const char *from, const char *to) { return rename_recorded(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int folder, const char *from, int folder2, const char *to) { return rename_recorded(folder, from, folder2, to, 0); }
int renameat2(int folder, const char *from, int folder2, const char *to, unsigned flags) { return rename_recorded(folder, from, folder2, to, flags); }

static int link_recorded(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    REAL(int, linkat, int, const char *, int, const char *, int);
    char full[4096], full2[4096];
    if (!tracked_path(from_folder, from, full) || !tracked_path(to_folder, to, full2))
        return real_linkat(from_folder, from, to_folder, to, flags);
    pthread_mutex_lock(&lock);
    int failed = real_linkat(from_folder, from, to_folder, to, flags);
    if (!failed) record('L', 0, 0, 0, full, full2, NULL, 0, 0);
    pthread_mutex_unlock(&lock);
    return failed;
}

int link(const char *from, const char *to) { return link_recorded(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int folder, const char *from, int folder2, const char *to, int flags) { return link_recorded(folder, from, folder2, to, flags); }

static int unlink_recorded(int folder, const char *path, int flags) {
    REAL(int, unlinkat, int, const char *, int);
    char full[4096];
    if (!tracked_path(folder, path, full)) return real_unlinkat(folder, path, flags);
    pthread_mutex_lock(&lock);
    int failed = real_unlinkat(folder, path, flags);
    if (!failed) record('U', 0, 0, 0, full, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&lock);
    return failed;
}

int unlink(const char *path) { return unlink_recorded(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return unlink_recorded(folder, path, flags); }
int rmdir(const char *path) { return unlink_recorded(AT_FDCWD, path, AT_REMOVEDIR); }

int remove(const char *path) {
    int failed = unlink(path);
    return failed && errno == EISDIR ? rmdir(path) : failed;
}

static int mkdir_recorded(int folder, const char *path, mode_t mode) {
    REAL(int, mkdirat, int, const char *, mode_t);
    char full[4096];
    struct stat state;
    if (!tracked_path(folder, path, full)) return real_mkdirat(folder, path, mode);
    pthread_mutex_lock(&lock);
    int failed = real_mkdirat(folder, path, mode);
    if (!failed && !lstat(full, &state)) record('M', 0, state.st_ino, 0, full, NULL, NULL, 0, 0);
    pthread_mutex_unlock(&lock);
    return failed;
}

int mkdir(const char *path, mode_t mode) { return mkdir_recorded(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return mkdir_recorded(folder, path, mode); }
