#include "store/backend.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "base/codec.h"
#include "base/fs.h"

#define FOLDER_MODE 0750
#define FILE_MODE   0640
#define BELOW_MAX   80 /* "/configs/" and 64 digits, with room */

struct file_store {
    char dir[PATH_MAX - BELOW_MAX];
};

static const char *const folders[] = {[STORE_CONFIG] = "configs", [STORE_SECRET] = "secrets"};

/* The name is made of the id alone: nothing of it can lead out of the folder. */
static void path_of(const struct file_store *f, enum store_kind kind, const struct hash32 *id,
                    char ret[static PATH_MAX])
{
    char hex[HEX_LEN(32)];

    hex_encode(BYTES_OF(*id), hex);
    snprintf(ret, PATH_MAX, "%s/%s/%s", f->dir, folders[kind], hex);
}

static enum err_code file_fetch(void *self, enum store_kind kind, const struct hash32 *id,
                                struct buf *ret, struct err *e)
{
    enum store_kind other = kind == STORE_CONFIG ? STORE_SECRET : STORE_CONFIG;
    char path[PATH_MAX];
    enum err_code code;

    path_of(self, kind, id, path);
    code = fs_read(path, ret, e);
    if (code != ERR_NOT_FOUND)
        return code;
    path_of(self, other, id, path);
    return fs_read(path, ret, e);
}

static enum err_code file_put(void *self, enum store_kind kind, const struct hash32 *id,
                              struct bytes data, struct err *e)
{
    const struct file_store *f = self;
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", f->dir, folders[kind]);
    TRY(fs_mkdirs(path, FOLDER_MODE, e));
    path_of(f, kind, id, path);
    return fs_write_atomic(path, data, FILE_MODE, e);
}

static const struct store_backend_ops file_ops = {file_fetch, file_put, free};

enum err_code store_file_backend(const char *dir, struct store_backend *ret, struct err *e)
{
    struct file_store *f;

    if (!*dir || strlen(dir) >= sizeof f->dir)
        return err_set(e, ERR_INVALID, "a storage folder's path of %zu bytes, expected 1 to %zu",
                       strlen(dir), sizeof f->dir - 1);
    f = calloc(1, sizeof *f);
    if (!f)
        return err_set(e, ERR_NOMEM, "out of memory for a storage backend");
    snprintf(f->dir, sizeof f->dir, "%s", dir);
    *ret = (struct store_backend){.ops = &file_ops, .self = f};
    snprintf(ret->name, sizeof ret->name, "file %s", dir);
    return ERR_OK;
}
