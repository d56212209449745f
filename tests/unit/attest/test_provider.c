/* provider: the protocol of configfs-tsm with the kernel's quirks, its files, and what is done to
 * every provider's answer. */
#include "support/dcap.h"
#include <sys/stat.h>
#include <unistd.h>
#include "attest/provider.h"
#include "attest/quote.h"
#include "attest/tsm.h"

/* ---- the protocol, played by a script ---- */

struct play {
    unsigned again_write, again_read; /* how often the kernel says "again" */
    unsigned others;                  /* how many of our rounds somebody else writes into */
    bool refuses;                     /* outblob fails for good */
    const char *generation;           /* this text instead of the number */
    const char *provider;
    uint64_t number;
    uint8_t in[64];
    unsigned writes, pauses, max_pauses;
};

static enum err_code play_read(void *self, const char *name, struct buf *ret, struct err *e)
{
    struct play *p = self;

    if (strcmp(name, "provider") == 0) {
        buf_put_str(ret, p->provider);
    } else if (strcmp(name, "generation") == 0) {
        if (p->generation)
            buf_put_str(ret, p->generation);
        else
            buf_printf(ret, "%llu\n", (unsigned long long)p->number);
    } else if (p->refuses) {
        return err_set(e, ERR_IO, "outblob: no");
    } else if (p->again_read > 0) {
        p->again_read--;
        return err_set(e, ERR_BUSY, "outblob: again");
    } else {
        if (p->others > 0) {
            p->others--;
            p->number++;
        }
        buf_put(ret, BYTES(p->in));
    }
    return ERR_OK;
}

static enum err_code play_write(void *self, const char *name, struct bytes data, struct err *e)
{
    struct play *p = self;

    assert_string_equal(name, "inblob");
    assert_int_equal(data.n, 64);
    if (p->again_write > 0) {
        p->again_write--;
        return err_set(e, ERR_BUSY, "inblob: again");
    }
    memcpy(p->in, data.p, 64);
    p->writes++;
    p->number++;
    return ERR_OK;
}

static bool play_pause(void *self)
{
    struct play *p = self;

    return ++p->pauses <= p->max_pauses;
}

static enum err_code run(struct play *p, struct buf *ret, struct err *e)
{
    const struct tsm_report t = {play_read, play_write, play_pause, p};
    const struct report_data rd = {{0xab}};

    if (p->max_pauses == 0)
        p->max_pauses = 100;
    return tsm_quote(&t, &rd, ret, e);
}

static void one_write_and_one_generation_give_a_quote(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    struct play p = {.number = 41};
    struct err e;

    (void)state;
    need(run(&p, &out, &e), &e);
    assert_int_equal(p.writes, 1);
    assert_int_equal(out.n, 64);
    assert_int_equal(out.p[0], 0xab);
}

static void all_is_done_again_when_the_kernel_says_so_or_somebody_else_wrote(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    struct play p = {.again_write = 2, .again_read = 2, .others = 2};
    struct err e;

    (void)state;
    need(run(&p, &out, &e), &e);
    assert_int_equal(p.pauses, 6);
    assert_int_equal(out.n, 64);
}

static void it_gives_up_after_eight_attempts(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    struct play p = {.others = 1000};
    struct err e;

    (void)state;
    assert_int_equal(run(&p, &out, &e), ERR_TIMEOUT);
    assert_int_equal(p.writes, TSM_ATTEMPTS);
    assert_int_equal(out.n, 0);
}

static void it_gives_up_at_the_deadline(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    struct play p = {.again_read = 1000, .max_pauses = 2};
    struct err e;

    (void)state;
    assert_int_equal(run(&p, &out, &e), ERR_TIMEOUT);
    assert_int_equal(p.writes, 3);
}

static void another_error_ends_it_at_once(void **state)
{
    struct buf out AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    struct play p = {.refuses = true};
    struct err e;

    (void)state;
    assert_int_equal(run(&p, &out, &e), ERR_IO);
    assert_int_equal(p.writes, 1);
}

static void a_generation_that_is_no_number_is_refused(void **state)
{
    static const char *const bad[] = {"", "\n", "x\n", "1 \n", "-1\n", "99999999999999999999\n"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf out AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
        struct play p = {.generation = bad[i]};
        struct err e;

        assert_int_equal(run(&p, &out, &e), ERR_IO);
        assert_int_equal(p.writes, 0);
    }
}

static void only_a_tdx_guest_is_taken(void **state)
{
    static const struct {
        const char *provider;
        enum err_code want;
    } cases[] = {
        {"tdx_guest\n", ERR_OK},  {"tdx_guest", ERR_OK}, {"sev_guest\n", ERR_IO},
        {"tdx_guest2\n", ERR_IO}, {"", ERR_IO},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct play p = {.provider = cases[i].provider};
        const struct tsm_report t = {play_read, play_write, play_pause, &p};
        struct err e;

        assert_int_equal(tsm_check_provider(&t, &e), cases[i].want);
    }
}

/* ---- the files ---- */

static void a_machine_without_configfs_is_told_what_to_do(void **state)
{
    AUTO(quote_provider) p = NULL;
    struct err e;

    (void)state;
    assert_int_equal(provider_configfs("/nonexistent/tsm/report", &p, &e), ERR_IO);
    assert_null(p);
    assert_non_null(strstr(e.msg, "mount -t configfs"));
}

static void put_file(const char *dir, const char *name, const char *text)
{
    char path[300];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* The directories that the provider will make next exist already, with plain files in them; since
 * nothing moves the generation, no quote comes out, but every attribute is found and used. */
static void attributes_are_read_and_written_in_a_directory_of_the_process(void **state)
{
    char top[] = "/tmp/teereg-provider-XXXXXX", dir[128], path[160];
    struct buf out AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    const struct report_data rd = {{0x5c}};
    AUTO(quote_provider) p = NULL;
    uint8_t in[65] = {0};
    struct err e;
    FILE *f;

    (void)state;
    assert_non_null(mkdtemp(top));
    for (unsigned i = 0; i < 8; i++) {
        snprintf(dir, sizeof dir, "%s/teereg-%ld-%u", top, (long)getpid(), i);
        assert_int_equal(mkdir(dir, 0700), 0);
        put_file(dir, "provider", "tdx_guest\n");
        put_file(dir, "generation", "3\n");
        put_file(dir, "inblob", "");
        put_file(dir, "outblob", "a quote");
    }
    need(provider_configfs(top, &p, &e), &e);
    assert_string_equal(p->name, "configfs-tsm");
    assert_int_equal(quote_provider_quote(p, &rd, &out, &e), ERR_TIMEOUT);
    assert_non_null(strstr(e.msg, "outblob of 7 bytes, generation 3 after 3"));
    for (unsigned i = 0; i < 8; i++) {
        static const char *const names[] = {"provider", "generation", "inblob", "outblob"};

        snprintf(dir, sizeof dir, "%s/teereg-%ld-%u", top, (long)getpid(), i);
        snprintf(path, sizeof path, "%s/inblob", dir);
        f = fopen(path, "r");
        if (f && fread(in, 1, sizeof in, f) == 64)
            assert_memory_equal(in, rd.b, 64);
        if (f)
            fclose(f);
        for (size_t k = 0; k < 4; k++) {
            snprintf(path, sizeof path, "%s/%s", dir, names[k]);
            unlink(path);
        }
        rmdir(dir);
    }
    assert_int_equal(in[0], 0x5c); /* one of them was written */
    assert_int_equal(rmdir(top), 0);
}

/* ---- what is done to every answer ---- */

struct canned {
    struct bytes quote;
    size_t padding;
};

static enum err_code canned_quote(void *self, const struct report_data *rd, struct buf *ret,
                                  struct err *e)
{
    const struct canned *c = self;

    (void)rd;
    buf_put(ret, c->quote);
    buf_put_zero(ret, c->padding);
    return buf_check(ret, e);
}

static void padding_behind_a_quote_is_cut_off(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v5_b3_90c06f_google.bin");
    struct canned c = {q, 3000};
    const quote_provider p = {canned_quote, NULL, &c, "tdx-dcap", "canned"};
    struct buf out AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    struct report_data rd;
    struct quote parsed;
    struct err e;

    (void)state;
    need(quote_parse(q, &parsed, NULL, &e), &e);
    memcpy(rd.b, parsed.td.report_data, 64);
    need(quote_provider_quote(&p, &rd, &out, &e), &e);
    assert_int_equal(out.n, parsed.used);
}

static void a_quote_for_another_request_and_no_quote_at_all_are_found_out(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v5_b3_90c06f_google.bin");
    struct canned other = {q, 0}, none = {bytes_of_str("404"), 0};
    const quote_provider p = {canned_quote, NULL, &other, "tdx-dcap", "canned"};
    const quote_provider bad = {canned_quote, NULL, &none, "tdx-dcap", "canned"};
    struct buf out AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    const struct report_data rd = {{1}};
    struct err e;

    (void)state;
    assert_int_equal(quote_provider_quote(&p, &rd, &out, &e), ERR_UPSTREAM);
    assert_int_equal(quote_provider_quote(&bad, &rd, &out, &e), ERR_UPSTREAM);
    assert_int_equal(e.code, ERR_UPSTREAM);
    assert_non_null(strstr(e.msg, "canned"));
    assert_int_equal(out.n, 0);
}

static void evidence_of_azure_is_looked_at_as_such(void **state)
{
    static const uint8_t head[] = {0,   1, 0, 0, 0, 1,   'q', 0, 0, 0, 1,
                                   'h', 0, 0, 0, 1, 'a', 0,   0, 0, 1, 's'};
    struct buf azure AUTO_CALL(buf_done) = BUF(2000);
    struct canned c = {0};
    const quote_provider p = {canned_quote, NULL, &c, "azure-vtpm", "canned"};
    struct buf out AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    const struct report_data rd = {{1}};
    struct err e;

    (void)state;
    buf_put(&azure, BYTES(head));
    buf_put_zero(&azure, 768 + 4);
    c.quote = buf_bytes(&azure);
    need(quote_provider_quote(&p, &rd, &out, &e), &e);
    assert_true(bytes_eq(buf_bytes(&out), c.quote));
    c.padding = 1;
    assert_int_equal(quote_provider_quote(&p, &rd, &out, &e), ERR_UPSTREAM);
}

static void evidence_of_a_type_that_nobody_checks_is_refused(void **state)
{
    struct bytes q AUTO_CALL(dcap_free) = dcap_file("quotes/tdx_v5_b3_90c06f_google.bin");
    struct canned c = {q, 0};
    const quote_provider p = {canned_quote, NULL, &c, "sgx-dcap", "canned"};
    struct buf out AUTO_CALL(buf_done) = BUF(QUOTE_MAX);
    const struct report_data rd = {{1}};
    struct err e;

    (void)state;
    assert_int_equal(quote_provider_quote(&p, &rd, &out, &e), ERR_UPSTREAM);
    assert_non_null(strstr(e.msg, "\"sgx-dcap\", which nobody checks"));
    assert_int_equal(out.n, 0);
}

/* ---- the way that a machine has ---- */

static void every_way_has_a_name(void **state)
{
    static const char *const names[] = {"auto", "configfs-tsm", "tdx-guest", "azure-vtpm"};
    enum quotes_from from;
    struct err e;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        need(quotes_from_named(names[i], &from, &e), &e);
        assert_int_equal(from, i);
    }
    assert_int_equal(quotes_from_named("remote", &from, &e), ERR_USAGE);
    assert_int_equal(quotes_from_named("", &from, &e), ERR_USAGE);
}

static void a_way_that_was_asked_for_is_the_only_one_tried(void **state)
{
    struct provider_local_config c = {.from = QUOTES_CONFIGFS, .tsm_report = "/nonexistent/tsm"};
    AUTO(quote_provider) p = NULL;
    struct err e;

    (void)state;
    assert_int_equal(provider_open_local(&c, &p, &e), ERR_IO);
    assert_non_null(strstr(e.msg, "configfs-tsm: /nonexistent/tsm"));
    assert_null(strstr(e.msg, "tdx-guest"));
    assert_null(p);
}

static void a_machine_that_has_none_is_told_of_each(void **state)
{
    const struct provider_local_config c = {.tsm_report = "/nonexistent/tsm", .qgs_port = 1};
    AUTO(quote_provider) p = NULL;
    struct err e;

    (void)state;
    if (access("/dev/tdx_guest", F_OK) == 0 || access("/dev/tpmrm0", F_OK) == 0)
        skip(); /* a machine that may have one */
    assert_int_equal(provider_open_local(&c, &p, &e), ERR_IO);
    assert_non_null(strstr(e.msg, "configfs-tsm: /nonexistent/tsm"));
    assert_non_null(strstr(e.msg, "tdx-guest: /dev/tdx_guest"));
    assert_non_null(strstr(e.msg, "azure-vtpm: /dev/tpmrm0"));
    assert_non_null(strstr(e.msg, "--quotes-from"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_write_and_one_generation_give_a_quote),
        cmocka_unit_test(all_is_done_again_when_the_kernel_says_so_or_somebody_else_wrote),
        cmocka_unit_test(it_gives_up_after_eight_attempts),
        cmocka_unit_test(it_gives_up_at_the_deadline),
        cmocka_unit_test(another_error_ends_it_at_once),
        cmocka_unit_test(a_generation_that_is_no_number_is_refused),
        cmocka_unit_test(only_a_tdx_guest_is_taken),
        cmocka_unit_test(a_machine_without_configfs_is_told_what_to_do),
        cmocka_unit_test(attributes_are_read_and_written_in_a_directory_of_the_process),
        cmocka_unit_test(padding_behind_a_quote_is_cut_off),
        cmocka_unit_test(a_quote_for_another_request_and_no_quote_at_all_are_found_out),
        cmocka_unit_test(evidence_of_azure_is_looked_at_as_such),
        cmocka_unit_test(evidence_of_a_type_that_nobody_checks_is_refused),
        cmocka_unit_test(every_way_has_a_name),
        cmocka_unit_test(a_way_that_was_asked_for_is_the_only_one_tried),
        cmocka_unit_test(a_machine_that_has_none_is_told_of_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
