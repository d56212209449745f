/* key - see key.h. */
#include "cli/key.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include "base/codec.h"
#include "base/fs.h"
#include "cli/files.h"
#include "crypto/keystore.h"

static void trim(struct buf *text)
{
    while (text->n > 0 && (text->p[text->n - 1] == '\n' || text->p[text->n - 1] == '\r' ||
                           text->p[text->n - 1] == ' '))
        text->n--;
}

static enum err_code of_hex(struct bytes text, const char *what, secret **ret, struct err *e)
{
    AUTO(secret) key = NULL;

    TRY(secret_new(32, &key, e));
    if (hex_decode_0x(text, key->p, 32, e) != ERR_OK)
        return err_set(e, ERR_INVALID, "%s: expected 64 hex digits, or a keystore", what);
    *ret = TAKE(key);
    return ERR_OK;
}

/* ---- the password ---- */

struct quiet {
    int fd;
    struct termios before;
};

static void loud_again(struct quiet *q)
{
    if (q->fd >= 0)
        tcsetattr(q->fd, TCSAFLUSH, &q->before);
}

/* On the terminal itself, so that pipes are left alone, without an echo. */
static enum err_code ask(const char *path, struct buf *ret, struct err *e)
{
    int fd AUTO_CALL(fd_close) = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct quiet quiet AUTO_CALL(loud_again) = {.fd = -1};
    struct termios silent;
    uint8_t c;

    if (fd < 0 || tcgetattr(fd, &quiet.before) != 0)
        return err_set(
            e, ERR_USAGE,
            "%s is a keystore: --password-file is needed, there is no terminal to ask on", path);
    silent = quiet.before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(fd, TCSAFLUSH, &silent) != 0)
        return err_set(e, ERR_IO, "terminal: %s", strerror(errno));
    quiet.fd = fd;
    dprintf(fd, "password of %s: ", path);
    while (read(fd, &c, 1) == 1 && c != '\n')
        buf_put_u8(ret, c);
    OPENSSL_cleanse(&c, 1);
    dprintf(fd, "\n");
    return buf_check(ret, e);
}

static enum err_code of_keystore(const struct cli_args *a, struct bytes text, const char *path,
                                 secret **ret, struct err *e)
{
    struct buf password AUTO_CALL(buf_done_wipe) = BUF(KEYSTORE_PASSWORD_MAX + 2);
    const char *file = a ? cli_value(a, "password-file") : NULL;
    struct keystore k;

    if (!a)
        return err_set(e, ERR_USAGE, "%s: a keystore is not taken here, expected 64 hex digits",
                       path);
    TRY_IN(e, keystore_parse(text, &k, e), "%s", path);
    if (file) {
        TRY(cli_read_private(file, "password file", &password, e));
        /* One line's end belongs to the file, not to the password. */
        if (password.n > 0 && password.p[password.n - 1] == '\n')
            password.n--;
    } else {
        buf_reserve(&password, password.max);
        TRY(ask(path, &password, e));
    }
    TRY_IN(e, keystore_open(&k, buf_bytes(&password), ret, e), "%s", path);
    return ERR_OK;
}

enum err_code cli_key_file(const struct cli_args *a, const char *path, secret **ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done_wipe) = BUF(KEYSTORE_TEXT_MAX);
    char what[256];

    TRY(cli_read_private(path, "key file", &text, e));
    trim(&text);
    if (text.n > 0 && text.p[0] == '{')
        return of_keystore(a, buf_bytes(&text), path, ret, e);
    snprintf(what, sizeof what, "key file %.200s", path);
    return of_hex(buf_bytes(&text), what, ret, e);
}

enum err_code cli_key(const struct cli_args *a, secret **ret, struct err *e)
{
    const char *file = cli_value(a, "key-file"), *name = cli_value(a, "key-env"), *text;

    if (file && name)
        return err_set(e, ERR_USAGE, "name one of --key-file and --key-env, not both");
    if (file)
        return cli_key_file(a, file, ret, e);
    if (!name)
        return err_set(e, ERR_USAGE,
                       "--key-file FILE is needed (sender's key), or --key-env; or --offline or "
                       "--safe-batch, which need none");
    text = getenv(name);
    if (!text || !*text)
        return err_set(e, ERR_USAGE, "--key-env: there is no %.80s in the environment", name);
    return of_hex(bytes_of_str(text), name, ret, e);
}
