#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include "base/codec.h"
#include "base/fs.h"
#include "crypto/random.h"
#include "instance/provision.h"

#define PATH_SIZE 3072

struct file {
    const char *name;
    mode_t mode;
};
enum { FILE_CA, FILE_CERT, FILE_CONFIG, FILE_KEY, FILES };
static const struct file files[FILES] = {
    [FILE_CA] = {"cacert.pem", 0644},
    [FILE_CERT] = {"cert.pem", 0644},
    [FILE_CONFIG] = {"config", 0600},
    [FILE_KEY] = {"key.pem", 0600},
};

static bool is_ours(int dir, const char *name)
{
    struct stat st;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return true;
    for (int i = 0; i < FILES; i++) {
        if (strcmp(name, files[i].name) == 0)
            return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
    }
    return false;
}

static void dir_close(DIR **d)
{
    if (*d)
        closedir(*d);
}

/* The path without slashes at its end, which would lead through a symbolic link. */
static enum err_code plain_path(const char *dir, char *ret, size_t size, struct err *e)
{
    size_t n = strlen(dir);

    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (n == 0 || n + 32 > size)
        return err_set(e, ERR_INVALID, "--out: expected a path of 1 to %zu bytes", size - 32);
    memcpy(ret, dir, n);
    ret[n] = '\0';
    return ERR_OK;
}

static DIR *open_dir(const char *dir)
{
    int fd AUTO_CALL(fd_close) = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (d)
        fd = -1; /* it is d's now */
    return d;
}

/* The folder is replaced as a whole, so it must hold nothing of anybody else. */
static enum err_code check_target(const char *dir, bool *exists, struct err *e)
{
    DIR *d AUTO_CALL(dir_close) = open_dir(dir);
    const struct dirent *entry;

    *exists = d != NULL;
    if (!d && errno == ENOENT)
        return ERR_OK;
    if (!d && (errno == ENOTDIR || errno == ELOOP))
        return err_set(e, ERR_INVALID, "%s is not a folder; name an own folder with --out", dir);
    if (!d)
        return err_set(e, ERR_IO, "%s: %s", dir, strerror(errno));
    while ((entry = readdir(d))) {
        if (!is_ours(dirfd(d), entry->d_name))
            return err_set(e, ERR_INVALID,
                           "%s holds \"%.100s\", which is not ours; name an own folder with --out",
                           dir, entry->d_name);
    }
    return ERR_OK;
}

/* A staging folder beside the target; what is left of it goes at the end, whatever happens. */
struct staging {
    char path[PATH_SIZE + 32];
    bool made;
};

static void staging_done(struct staging *s)
{
    int dir AUTO_CALL(fd_close) = -1;

    if (!s->made)
        return;
    dir = open(s->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    for (int i = 0; dir >= 0 && i < FILES; i++)
        (void)unlinkat(dir, files[i].name, 0);
    (void)rmdir(s->path);
}

static enum err_code staging_make(struct staging *s, const char *dir, struct err *e)
{
    uint8_t random[8];
    char hex[HEX_LEN(8)];

    random_bytes(random, sizeof random);
    hex_encode(BYTES(random), hex);
    snprintf(s->path, sizeof s->path, "%s.new-%s", dir, hex);
    if (mkdir(s->path, 0700) != 0)
        return err_set(e, ERR_IO, "%s: a folder beside it cannot be made: %s", dir,
                       strerror(errno));
    s->made = true;
    if (chmod(s->path, 0755) != 0)
        return err_set(e, ERR_IO, "%s: %s", s->path, strerror(errno));
    return ERR_OK;
}

static enum err_code stage(const struct staging *s, const struct provisioned *p, struct err *e)
{
    const struct bytes contents[FILES] = {
        [FILE_CA] = buf_bytes(&p->ca_pem),
        [FILE_CERT] = buf_bytes(&p->certificate_pem),
        [FILE_CONFIG] = buf_bytes(&p->config),
        [FILE_KEY] = secret_bytes(p->key_pem),
    };

    for (int i = 0; i < FILES; i++) {
        char path[PATH_SIZE + 64];

        snprintf(path, sizeof path, "%s/%s", s->path, files[i].name);
        TRY(fs_write_new(path, contents[i], files[i].mode, e));
    }
    return ERR_OK;
}

static enum err_code sync_parent(const char *dir, struct err *e)
{
    char parent[PATH_SIZE];
    char *slash;
    int fd AUTO_CALL(fd_close) = -1;

    snprintf(parent, sizeof parent, "%s", dir);
    slash = strrchr(parent, '/');
    if (slash)
        slash[slash == parent] = '\0';
    else
        snprintf(parent, sizeof parent, ".");
    fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0)
        return err_set(e, ERR_IO, "sync %s: %s", parent, strerror(errno));
    return ERR_OK;
}

enum err_code provision_may_write(const char *dir, struct err *e)
{
    struct staging staging AUTO_CALL(staging_done) = {0};
    char path[PATH_SIZE];
    bool exists;

    TRY(plain_path(dir, path, sizeof path, e));
    TRY(check_target(path, &exists, e));
    return staging_make(&staging, path, e); /* whether there may be one shows in making it */
}

enum err_code provision_write(const struct provisioned *p, const char *dir, struct err *e)
{
    struct staging staging AUTO_CALL(staging_done) = {0};
    char path[PATH_SIZE];
    bool exists;

    TRY(plain_path(dir, path, sizeof path, e));
    TRY(check_target(path, &exists, e));
    TRY(staging_make(&staging, path, e));
    TRY(stage(&staging, p, e));
    if (renameat2(AT_FDCWD, staging.path, AT_FDCWD, path, exists ? RENAME_EXCHANGE : 0) != 0)
        return err_set(e, ERR_IO, "%s: %s", path, strerror(errno));
    if (!exists)
        staging.made = false;
    return sync_parent(path, e);
}
