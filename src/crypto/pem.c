#include "crypto/pem.h"

#include "base/codec.h"

#define COLUMNS 64

void pem_put(struct buf *out, const char *label, struct bytes der)
{
    buf_printf(out, "-----BEGIN %s-----\n", label);
    while (der.n > 0) {
        size_t step = der.n < COLUMNS / 4 * 3 ? der.n : COLUMNS / 4 * 3;

        base64_put(out, (struct bytes){der.p, step});
        buf_put_u8(out, '\n');
        der.p += step;
        der.n -= step;
    }
    buf_printf(out, "-----END %s-----\n", label);
}

/* The next line without its LF or CRLF; the last one may have neither. */
static struct bytes next_line(struct bytes *text)
{
    const uint8_t *lf = text->n ? memchr(text->p, '\n', text->n) : NULL;
    size_t used = lf ? (size_t)(lf - text->p) + 1 : text->n;
    struct bytes line = {text->p, lf ? used - 1 : used};

    text->p = text->n ? text->p + used : text->p;
    text->n -= used;
    if (lf && line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static bool skip(struct bytes *line, const char *text)
{
    const struct bytes want = bytes_of_str(text);

    if (line->n < want.n || !bytes_eq((struct bytes){line->p, want.n}, want))
        return false;
    *line = (struct bytes){line->p + want.n, line->n - want.n};
    return true;
}

static bool is_marker(struct bytes line, const char *kind, const char *label)
{
    return skip(&line, "-----") && skip(&line, kind) && skip(&line, " ") && skip(&line, label) &&
           skip(&line, "-----") && line.n == 0;
}

enum err_code pem_next(struct bytes *rest, const char *label, struct buf *ret_der, struct err *e)
{
    struct buf text AUTO_CALL(buf_done_wipe) = BUF(rest->n);
    struct bytes left = *rest;
    bool last = false; /* a line shorter than the others ends the base64 */

    if (left.n == 0)
        return err_set(e, ERR_NOT_FOUND, "no more PEM blocks");
    if (!is_marker(next_line(&left), "BEGIN", label))
        return err_set(e, ERR_INVALID, "does not start with -----BEGIN %s-----", label);
    buf_reserve(&text, text.max); /* it may be a private key: no copies by growing */
    for (;;) {
        struct bytes line;

        if (left.n == 0)
            return err_set(e, ERR_INVALID, "PEM without -----END %s-----", label);
        line = next_line(&left);
        if (is_marker(line, "END", label))
            break;
        if (last || line.n == 0 || line.n > COLUMNS)
            return err_set(e, ERR_INVALID, "PEM lines must have %d columns", COLUMNS);
        last = line.n < COLUMNS;
        buf_put(&text, line);
    }
    if (text.n == 0)
        return err_set(e, ERR_INVALID, "PEM block without contents");
    TRY(buf_check(&text, e));
    TRY_IN(e, base64_decode(buf_bytes(&text), ret_der, e), "PEM %s", label);
    *rest = left;
    return ERR_OK;
}

enum err_code pem_decode(struct bytes text, const char *label, struct buf *ret_der, struct err *e)
{
    struct buf der AUTO_CALL(buf_done_wipe) = BUF(ret_der->max);

    if (text.n == 0)
        return err_set(e, ERR_INVALID, "empty, expected PEM %s", label);
    buf_reserve(&der, text.n < der.max ? text.n : der.max);
    TRY(pem_next(&text, label, &der, e));
    if (text.n != 0)
        return err_set(e, ERR_INVALID, "%zu bytes after the PEM block", text.n);
    buf_put(ret_der, buf_bytes(&der));
    return buf_check(ret_der, e);
}
