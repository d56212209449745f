#include "attest/qgs.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "base/rd.h"

#define MAJOR        1
#define MINOR        1
#define TYPE_REQUEST 0
#define TYPE_ANSWER  1
#define HEADER_LEN   16

/* ---- messages ---- */

void qgs_request_put(struct buf *out, struct bytes tdreport)
{
    uint32_t size = HEADER_LEN + 8 + (uint32_t)tdreport.n;

    buf_put_u32be(out, size);
    buf_put_u16le(out, MAJOR);
    buf_put_u16le(out, MINOR);
    buf_put_u32le(out, TYPE_REQUEST);
    buf_put_u32le(out, size);
    buf_put_u32le(out, 0);
    buf_put_u32le(out, (uint32_t)tdreport.n);
    buf_put_u32le(out, 0); /* no list: any key that the service has */
    buf_put(out, tdreport);
}

static const char *words_of(uint32_t error)
{
    static const char *const words[] = {
        "an unexpected error (its log tells more: is the platform registered?)",
        "out of memory",
        "an invalid parameter",
        "an unknown version of the message",
        "an unknown type of message",
        "an invalid size",
        "an invalid code",
    };
    uint32_t i = error - 0x12001;

    return i < sizeof words / sizeof words[0] ? words[i] : "an error that is not documented";
}

enum err_code qgs_answer_parse(struct bytes message, struct bytes *ret_quote, struct err *e)
{
    struct rd r = rd_of(message);
    uint16_t major = rd_u16le(&r);
    uint32_t type, size, error, id_size, quote_size;
    struct bytes quote;

    (void)rd_u16le(&r);
    type = rd_u32le(&r);
    size = rd_u32le(&r);
    error = rd_u32le(&r);
    if (!rd_ok(&r))
        return err_set(e, ERR_UPSTREAM, "answer cut short at %zu bytes", message.n);
    if (major != MAJOR)
        return err_set(e, ERR_UPSTREAM, "answer of version %u, expected %u", major, MAJOR);
    if (type != TYPE_ANSWER)
        return err_set(e, ERR_UPSTREAM, "answer of type %u, expected %u", type, TYPE_ANSWER);
    if (size != message.n)
        return err_set(e, ERR_UPSTREAM, "answer says it has %u bytes, it has %zu", size, message.n);
    if (error != 0)
        return err_set(e, ERR_UPSTREAM, "the service refused with 0x%08x: %s", error,
                       words_of(error));
    id_size = rd_u32le(&r);
    quote_size = rd_u32le(&r);
    if (id_size > QGS_ID_MAX)
        return err_set(e, ERR_UPSTREAM, "answer with a key id of %u bytes, at most %d", id_size,
                       QGS_ID_MAX);
    (void)rd_take(&r, id_size);
    quote = rd_take(&r, quote_size);
    if (!rd_end(&r) || quote.n == 0)
        return err_set(e, ERR_UPSTREAM,
                       "answer of %zu bytes with an id of %u and a quote of %u bytes: they do not "
                       "add up",
                       message.n, id_size, quote_size);
    *ret_quote = quote;
    return ERR_OK;
}

/* ---- the exchange ---- */

struct line {
    int fd;
    uint64_t deadline_ns;
};

static enum err_code wait_for(const struct line *l, short events, const char *what, struct err *e)
{
    struct pollfd p = {.fd = l->fd, .events = events};
    int ready = 0;

    while (ready == 0) {
        uint64_t now = clock_ns(&clock_system);

        if (now >= l->deadline_ns)
            return err_set(e, ERR_TIMEOUT, "the service has not %s in time", what);
        ready = poll(&p, 1, (int)((l->deadline_ns - now) / 1000000 + 1));
        if (ready < 0 && errno == EINTR)
            ready = 0;
    }
    return ready < 0 ? err_set(e, ERR_IO, "poll: %s", strerror(errno)) : ERR_OK;
}

static bool again(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static enum err_code send_all(const struct line *l, struct bytes data, struct err *e)
{
    while (data.n > 0) {
        ssize_t n = send(l->fd, data.p, data.n, MSG_NOSIGNAL);

        if (n < 0 && !again())
            return err_set(e, ERR_UPSTREAM, "send: %s", strerror(errno));
        if (n < 0) {
            TRY(wait_for(l, POLLOUT, "read the request", e));
            continue;
        }
        data.p += n;
        data.n -= (size_t)n;
    }
    return ERR_OK;
}

static enum err_code receive_all(const struct line *l, uint8_t *ret, size_t n, struct err *e)
{
    size_t have = 0;

    while (have < n) {
        ssize_t got = recv(l->fd, ret + have, n - have, 0);

        if (got == 0)
            return err_set(e, ERR_UPSTREAM, "the service closed after %zu of %zu bytes", have, n);
        if (got < 0 && !again())
            return err_set(e, ERR_UPSTREAM, "receive: %s", strerror(errno));
        if (got < 0)
            TRY(wait_for(l, POLLIN, "answered", e));
        else
            have += (size_t)got;
    }
    return ERR_OK;
}

enum err_code qgs_exchange(int fd, struct bytes tdreport, uint64_t deadline_ns, struct buf *ret,
                           struct err *e)
{
    struct buf request AUTO_CALL(buf_done) = BUF(4096);
    struct buf answer AUTO_CALL(buf_done) = BUF(QGS_ANSWER_MAX);
    const struct line l = {fd, deadline_ns};
    struct bytes quote;
    uint8_t prefix[4];
    uint32_t size;

    qgs_request_put(&request, tdreport);
    TRY(buf_check(&request, e));
    TRY(send_all(&l, buf_bytes(&request), e));
    TRY(receive_all(&l, prefix, sizeof prefix, e));
    size = (uint32_t)rd_be(&(struct rd){prefix, sizeof prefix, false}, 4);
    if (size < HEADER_LEN || size > QGS_ANSWER_MAX)
        return err_set(e, ERR_UPSTREAM, "an answer of %u bytes, expected %d to %d", size,
                       HEADER_LEN, QGS_ANSWER_MAX);
    buf_reserve(&answer, size);
    TRY(buf_check(&answer, e));
    TRY(receive_all(&l, answer.p, size, e));
    answer.n = size;
    TRY(qgs_answer_parse(buf_bytes(&answer), &quote, e));
    buf_put(ret, quote);
    return buf_check(ret, e);
}
