#include "cli/files.h"
#include <unistd.h>
#include "base/fs.h"

#define MEASUREMENTS_MAX 65536

enum err_code cli_read(const char *path, struct buf *ret, struct err *e)
{
    if (strcmp(path, "-") == 0)
        return fs_read_fd(STDIN_FILENO, ret, e);
    return fs_read(path, ret, e);
}

enum err_code cli_measurements(const char *path, struct measurements *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(MEASUREMENTS_MAX);
    AUTO(json) tree = NULL;

    TRY_IN(e, cli_read(path, &text, e), "measurements");
    TRY_IN(e, json_parse(buf_bytes(&text), MEASUREMENTS_MAX, &tree, e), "measurements %s", path);
    TRY_IN(e, measurements_from_json(tree, ret, e), "measurements %s", path);
    return ERR_OK;
}
