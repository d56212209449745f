/* tdx_guest and qgs: a report, then a quote from a service that behaves, or not. */
#include "support/dcap.h"
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include "attest/tdx_guest.h"
#include "base/clock.h"
#include "base/rd.h"

/* ---- a machine and a service of our own ---- */

struct fake {
    /* the device */
    uint8_t type;    /* of the report; 0: as it should be */
    bool other_data; /* a report over something else */
    bool no_device;
    /* the service: what it sends after the request */
    struct buf answer;
    size_t piece; /* bytes a write; 0: all */
    bool silent, no_service, closes_at_once;
    struct buf request; /* what it got */
    int fd;
    pthread_t thread;
    bool running;
};

static void *serve(void *arg)
{
    struct fake *f = arg;
    size_t piece = f->piece ? f->piece : f->answer.n;
    uint8_t chunk[512];

    while (!f->closes_at_once && f->request.n < 4 + 24 + TDREPORT_LEN) {
        ssize_t n = read(f->fd, chunk, sizeof chunk);

        if (n <= 0)
            break;
        buf_put(&f->request, (struct bytes){chunk, (size_t)n});
    }
    for (size_t i = 0; i < f->answer.n && !f->silent; i += piece) {
        size_t n = f->answer.n - i < piece ? f->answer.n - i : piece;

        if (send(f->fd, f->answer.p + i, n, MSG_NOSIGNAL) < 0)
            break;
        if (f->piece)
            nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    if (f->silent) /* until the other end has had enough */
        (void)!read(f->fd, chunk, sizeof chunk);
    close(f->fd);
    return NULL;
}

static enum err_code fake_report(void *self, const struct report_data *rd,
                                 uint8_t ret[static TDREPORT_LEN], struct err *e)
{
    const struct fake *f = self;

    if (f->no_device)
        return err_set(e, ERR_IO, "/dev/tdx_guest: no such file");
    memset(ret, 0x11, TDREPORT_LEN);
    ret[0] = f->type ? f->type : 0x81;
    memcpy(ret + 128, rd->b, 64);
    ret[191] ^= f->other_data;
    return ERR_OK;
}

static enum err_code fake_connect(void *self, uint64_t deadline_ns, int *ret_fd, struct err *e)
{
    struct fake *f = self;
    int pair[2];

    (void)deadline_ns;
    if (f->no_service)
        return err_set(e, ERR_UPSTREAM, "connection refused");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
    f->fd = pair[1];
    assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
    f->running = true;
    *ret_fd = pair[0];
    return ERR_OK;
}

static void fake_done(struct fake *f)
{
    buf_done(&f->answer);
    buf_done(&f->request);
}

#define FAKE                                                                                       \
    {                                                                                              \
        .answer = BUF(1 << 20), .request = BUF(1 << 16)                                            \
    }

static enum err_code ask(struct fake *f, struct buf *ret, struct err *e)
{
    const struct tdx_guest g = {fake_report, fake_connect, f, f->silent ? 100 : 5000};
    struct report_data rd;
    enum err_code code;

    memset(rd.b, 0xcd, sizeof rd.b);
    code = tdx_guest_quote(&g, &rd, ret, e);
    if (f->running)
        pthread_join(f->thread, NULL);
    return code;
}

/* An answer; every length as it should be. */
struct parts {
    uint16_t major, minor;
    uint32_t type, error;
    struct bytes id, quote;
};

static void put_answer(struct buf *out, const struct parts *p)
{
    uint32_t size = 24 + (uint32_t)p->id.n + (uint32_t)p->quote.n;

    buf_put_u32be(out, size);
    buf_put_u16le(out, p->major);
    buf_put_u16le(out, p->minor);
    buf_put_u32le(out, p->type);
    buf_put_u32le(out, size);
    buf_put_u32le(out, p->error);
    buf_put_u32le(out, (uint32_t)p->id.n);
    buf_put_u32le(out, (uint32_t)p->quote.n);
    buf_put(out, p->id);
    buf_put(out, p->quote);
}

static struct parts good(void)
{
    return (struct parts){1, 1, 1, 0, {0}, bytes_of_str("a quote")};
}

/* ---- */

static void a_report_goes_out_and_the_quote_comes_back(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(32768);
    struct fake f AUTO_CALL(fake_done) = FAKE;
    const struct parts p = good();
    struct err e;

    (void)state;
    put_answer(&f.answer, &p);
    need(ask(&f, &out, &e), &e);
    assert_true(bytes_eq(buf_bytes(&out), bytes_of_str("a quote")));
}

static void the_request_is_what_the_service_expects(void **state)
{
    static const uint8_t head[28] = {0, 0, 4, 0x18, 1, 0, 1, 0, 0, 0, 0, 0, 0x18, 4,
                                     0, 0, 0, 0,    0, 0, 0, 4, 0, 0, 0, 0, 0,    0};
    struct buf out AUTO_CALL(buf_done) = BUF(32768);
    struct fake f AUTO_CALL(fake_done) = FAKE;
    const struct parts p = good();
    struct err e;

    (void)state;
    put_answer(&f.answer, &p);
    need(ask(&f, &out, &e), &e);
    assert_int_equal(f.request.n, sizeof head + TDREPORT_LEN);
    assert_memory_equal(f.request.p, head, sizeof head);
    assert_int_equal(f.request.p[28], 0x81);
    assert_int_equal(f.request.p[28 + 128], 0xcd);
}

static void an_answer_in_single_bytes_is_put_together(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(32768);
    struct fake f AUTO_CALL(fake_done) = FAKE;
    const struct parts p = good();
    struct err e;

    (void)state;
    f.piece = 1;
    put_answer(&f.answer, &p);
    need(ask(&f, &out, &e), &e);
    assert_int_equal(out.n, 7);
}

static void older_minor_versions_and_key_ids_are_taken(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(32768);
    struct fake f AUTO_CALL(fake_done) = FAKE;
    struct parts p = good();
    struct err e;

    (void)state;
    p.minor = 0;
    p.id = bytes_of_str("0123456789abcdef");
    put_answer(&f.answer, &p);
    need(ask(&f, &out, &e), &e);
    assert_true(bytes_eq(buf_bytes(&out), bytes_of_str("a quote")));
}

/* Asks with this answer; it must fail so. */
static void refused(const struct fake *like, enum err_code code, const char *words)
{
    struct buf out AUTO_CALL(buf_done) = BUF(32768);
    struct fake f AUTO_CALL(fake_done) = *like;
    struct err e;

    assert_int_equal(ask(&f, &out, &e), code);
    if (!strstr(e.msg, words))
        fail_msg("\"%s\" does not say \"%s\"", e.msg, words);
    assert_int_equal(out.n, 0);
}

static void the_error_of_the_service_is_told_in_words(void **state)
{
    static const struct {
        uint32_t error;
        const char *words;
    } cases[] = {
        {0x12001, "0x00012001: an unexpected error"},
        {0x12002, "out of memory"},
        {0x12003, "invalid parameter"},
        {0x12004, "unknown version"},
        {0x12005, "unknown type"},
        {0x12006, "invalid size"},
        {0x12007, "invalid code"},
        {0x12008, "not documented"},
        {0x12000, "not documented"},
        {1, "0x00000001"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake f = FAKE;
        struct parts p = good();

        p.error = cases[i].error;
        p.quote = (struct bytes){0};
        put_answer(&f.answer, &p);
        refused(&f, ERR_UPSTREAM, cases[i].words);
    }
}

static void another_version_or_type_is_refused(void **state)
{
    struct fake version = FAKE, type = FAKE;
    struct parts p = good();

    (void)state;
    p.major = 2;
    put_answer(&version.answer, &p);
    refused(&version, ERR_UPSTREAM, "version 2, expected 1");
    p = good();
    p.type = 3;
    put_answer(&type.answer, &p);
    refused(&type, ERR_UPSTREAM, "type 3, expected 1");
}

/* A good answer with one byte of its lengths changed. */
static void lengths_that_do_not_add_up_are_refused(void **state)
{
    static const struct {
        size_t at;
        const char *words;
    } cases[] = {
        {4 + 8, "says it has"},    {4 + 16, "do not add up"}, {4 + 17, "key id of"},
        {4 + 20, "do not add up"}, {4 + 23, "do not add up"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake f = FAKE;
        const struct parts p = good();

        put_answer(&f.answer, &p);
        f.answer.p[cases[i].at] ^= 0x08;
        refused(&f, ERR_UPSTREAM, cases[i].words);
    }
}

static void an_empty_quote_is_none(void **state)
{
    struct fake f = FAKE;
    struct parts p = good();

    (void)state;
    p.quote = (struct bytes){0};
    put_answer(&f.answer, &p);
    refused(&f, ERR_UPSTREAM, "quote of 0 bytes");
}

static void a_huge_or_tiny_length_is_refused_before_anything_is_read(void **state)
{
    static const uint32_t lengths[] = {0, 15, QGS_ANSWER_MAX + 1, 0x7fffffff, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct fake f = FAKE;

        buf_put_u32be(&f.answer, lengths[i]);
        refused(&f, ERR_UPSTREAM, "expected 16 to");
    }
}

static void an_answer_that_breaks_off_is_refused_at_every_length(void **state)
{
    (void)state;
    for (size_t n = 0; n < 4 + 24 + 7; n++) {
        struct fake f = FAKE;
        const struct parts p = good();

        put_answer(&f.answer, &p);
        f.answer.n = n;
        refused(&f, ERR_UPSTREAM, "closed after");
    }
}

static void silence_ends_at_the_deadline(void **state)
{
    struct fake f = FAKE;
    uint64_t start = clock_ns(&clock_system);

    (void)state;
    f.silent = true;
    refused(&f, ERR_TIMEOUT, "not answered in time");
    assert_true(clock_ns(&clock_system) - start < (uint64_t)4000000000);
}

static void a_service_that_is_not_there_or_goes_away_is_an_error(void **state)
{
    struct fake none = FAKE, gone = FAKE;

    (void)state;
    none.no_service = true;
    refused(&none, ERR_UPSTREAM, "Quote Generation Service: connection refused");
    gone.closes_at_once = true;
    refused(&gone, ERR_UPSTREAM, "Quote Generation Service");
}

static void a_machine_without_the_device_is_told_so(void **state)
{
    struct fake f = FAKE;

    (void)state;
    f.no_device = true;
    refused(&f, ERR_IO, "TDREPORT: /dev/tdx_guest");
}

static void a_report_over_other_data_goes_nowhere(void **state)
{
    struct fake f = FAKE;

    (void)state;
    f.other_data = true;
    refused(&f, ERR_IO, "over other data");
}

static void a_report_that_is_no_tds_goes_nowhere(void **state)
{
    struct fake f = FAKE;

    (void)state;
    f.type = 0x01;
    refused(&f, ERR_IO, "expected 0x81");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_goes_out_and_the_quote_comes_back),
        cmocka_unit_test(the_request_is_what_the_service_expects),
        cmocka_unit_test(an_answer_in_single_bytes_is_put_together),
        cmocka_unit_test(older_minor_versions_and_key_ids_are_taken),
        cmocka_unit_test(the_error_of_the_service_is_told_in_words),
        cmocka_unit_test(another_version_or_type_is_refused),
        cmocka_unit_test(lengths_that_do_not_add_up_are_refused),
        cmocka_unit_test(an_empty_quote_is_none),
        cmocka_unit_test(a_huge_or_tiny_length_is_refused_before_anything_is_read),
        cmocka_unit_test(an_answer_that_breaks_off_is_refused_at_every_length),
        cmocka_unit_test(silence_ends_at_the_deadline),
        cmocka_unit_test(a_service_that_is_not_there_or_goes_away_is_an_error),
        cmocka_unit_test(a_machine_without_the_device_is_told_so),
        cmocka_unit_test(a_report_over_other_data_goes_nowhere),
        cmocka_unit_test(a_report_that_is_no_tds_goes_nowhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
