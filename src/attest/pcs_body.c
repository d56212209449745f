/* The text is known to be JSON before it is cut, so that cutting need only know strings and
 * brackets. */
#include "attest/pcs_body.h"

#include "attest/tcb_info.h"
#include "base/codec.h"
#include "base/json.h"
#include "base/rd.h"

#define BODY_MAX (TCB_TEXT_MAX + 1024)

static void skip_space(struct rd *r)
{
    while (rd_ok(r) && r->left > 0 && strchr(" \t\r\n", r->p[0]) && r->p[0])
        rd_u8(r);
}

/* The next byte that is no space must be this one. */
static void expect(struct rd *r, char c)
{
    skip_space(r);
    if (rd_u8(r) != (uint8_t)c)
        r->bad = true;
}

/* Contents of the string that begins here, escapes left as they are. */
static struct bytes take_string(struct rd *r)
{
    const uint8_t *from;
    size_t n = 0;

    expect(r, '"');
    from = r->p;
    for (uint8_t c; (c = rd_u8(r)) != '"' && rd_ok(r); n++) {
        if (c == '\\') {
            rd_u8(r);
            n++;
        }
    }
    return rd_ok(r) ? (struct bytes){from, n} : (struct bytes){0};
}

/* The object that begins here, with its braces. */
static struct bytes take_object(struct rd *r)
{
    const uint8_t *from;
    size_t depth = 0;

    skip_space(r);
    from = r->p;
    if (r->left == 0 || r->p[0] != '{')
        r->bad = true;
    do {
        if (r->left > 0 && r->p[0] == '"') {
            (void)take_string(r);
            continue;
        }
        switch (rd_u8(r)) {
        case '{':
            depth++;
            break;
        case '}':
            depth--;
            break;
        default:
            break;
        }
    } while (rd_ok(r) && depth > 0);
    return rd_ok(r) ? (struct bytes){from, (size_t)(r->p - from)} : (struct bytes){0};
}

enum err_code pcs_body_split(struct bytes body, const char *member, struct bytes *ret_object,
                             uint8_t ret_signature[static PCS_SIGNATURE_LEN], struct err *e)
{
    struct bytes object = {0}, hex = {0};
    struct rd r = rd_of(body);

    TRY_IN(e, json_check(body, BODY_MAX, e), "body");
    expect(&r, '{');
    for (int i = 0; i < 2; i++) {
        struct bytes name = take_string(&r);

        expect(&r, ':');
        if (!object.n && bytes_eq(name, bytes_of_str(member)))
            object = take_object(&r);
        else if (!hex.n && bytes_eq(name, bytes_of_str("signature")))
            hex = take_string(&r);
        else
            r.bad = true;
        expect(&r, i == 0 ? ',' : '}');
    }
    skip_space(&r);
    if (!rd_end(&r))
        return err_set(e, ERR_INVALID,
                       "body: expected exactly {\"%s\": {...}, \"signature\": \"...\"}", member);
    TRY_IN(e, hex_decode(hex, ret_signature, PCS_SIGNATURE_LEN, e), "signature");
    *ret_object = object;
    return ERR_OK;
}

void pcs_body_put(struct buf *out, const char *member, struct bytes object, struct bytes signature)
{
    buf_printf(out, "{\"%s\":", member);
    buf_put(out, object);
    buf_put_str(out, ",\"signature\":\"");
    hex_put(out, signature);
    buf_put_str(out, "\"}");
}

enum err_code pcs_chain_decode(const char *header, struct buf *ret, struct err *e)
{
    for (const char *p = header; *p; p++) {
        uint8_t c = (uint8_t)*p;

        if (c == '%') {
            if (!p[1] || !p[2] || hex_decode((struct bytes){(const uint8_t *)p + 1, 2}, &c, 1, e))
                return err_set(e, ERR_INVALID, "issuer chain: broken percent-encoding");
            p += 2;
        }
        if ((c < ' ' && c != '\n' && c != '\r') || c > '~')
            return err_set(e, ERR_INVALID, "issuer chain: a byte that PEM does not have");
        buf_put_u8(ret, c);
    }
    return buf_check(ret, e) == ERR_OK ? ERR_OK : err_wrap(e, "issuer chain");
}
