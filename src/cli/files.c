#include "cli/files.h"
#include <unistd.h>
#include "base/fs.h"
#include "base/utf8.h"

#define MEASUREMENTS_MAX 65536

enum err_code cli_read(const char *path, struct buf *ret, struct err *e)
{
    if (strcmp(path, "-") == 0)
        return fs_read_fd(STDIN_FILENO, ret, e);
    return fs_read(path, ret, e);
}

enum err_code cli_quote(struct bytes text, struct buf *ret, struct err *e)
{
    if (!utf8_valid(text) || (text.n > 0 && memchr(text.p, 0, text.n)))
        return err_set(e, ERR_INVALID,
                       "--text: the bytes are not text (UTF-8 without NUL); leave --text out to "
                       "take them as they are");
    json_put_quoted(ret, text);
    return buf_check(ret, e);
}

void cli_warn_text(struct bytes text)
{
    if (text.n > 0 && text.p[text.n - 1] == '\n')
        fputs("warning: the text ends with a line's end, which is part of it now (`printf %s` "
              "writes none)\n",
              stderr);
}

void cli_warn_json(struct bytes content)
{
    struct err ignored;

    if (json_check(content, content.n, &ignored) != ERR_OK)
        fputs("warning: this is not JSON: a template can hold it within a longer string, not as a "
              "whole value; --text makes a JSON string of it\n",
              stderr);
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
