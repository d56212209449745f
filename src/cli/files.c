#include "cli/files.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
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

void cli_trim_line(struct buf *text)
{
    while (text->n > 0 && (text->p[text->n - 1] == '\n' || text->p[text->n - 1] == '\r'))
        text->n--;
}

char cli_first_byte(struct bytes data)
{
    for (size_t i = 0; i < data.n; i++)
        if (!data.p[i] || !strchr(" \t\r\n", data.p[i]))
            return (char)data.p[i];
    return 0;
}

enum err_code cli_read_private(const char *path, const char *what, struct buf *ret, struct err *e)
{
    int fd AUTO_CALL(fd_close) = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        return err_set(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%s %s: %s", what, path,
                       strerror(errno));
    if (S_ISREG(st.st_mode) && (st.st_mode & 077))
        return err_set(e, ERR_DENIED,
                       "%s %s: others may read it (mode %03o); `chmod 600 %s` mends it", what, path,
                       (unsigned)(st.st_mode & 0777), path);
    buf_reserve(ret, ret->max);
    TRY_IN(e, fs_read_fd(fd, ret, e), "%s %s", what, path);
    return ERR_OK;
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
