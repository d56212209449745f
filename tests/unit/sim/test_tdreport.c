/* sim_tdreport: the quoting enclave makes quotes of what the TDX module reported, and of nothing
 * else. */
#include "support/dcap.h"
#include "attest/quote.h"
#include "sim_hcl.h"
#include "sim_tdreport.h"

static struct td_report td;
static const struct report_data ours = {{1, 2, 3}};

static int make_td(void **state)
{
    (void)state;
    sim_hcl_td("paravisor", SIM_AZURE_OK, &td);
    memset(td.mrservicetd, 7, sizeof td.mrservicetd);
    return 0;
}

static void a_quote_is_of_the_td_that_was_reported(void **state)
{
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    uint8_t report[SIM_TDREPORT_LEN];
    AUTO(sim_platform) p = NULL;
    struct quote parsed;
    struct err e;

    (void)state;
    need(sim_platform_new("azure", SIM_OK, &p, &e), &e);
    sim_tdreport(&td, &ours, report);
    need(sim_tdreport_quote(p, BYTES(report), &quote, &e), &e);
    need(quote_parse(buf_bytes(&quote), &parsed, NULL, &e), &e);
    assert_memory_equal(parsed.td.report_data, ours.b, sizeof ours.b);
    assert_memory_equal(parsed.td.mrtd, td.mrtd, sizeof td.mrtd);
    assert_memory_equal(parsed.td.mrseam, td.mrseam, sizeof td.mrseam);
    assert_memory_equal(parsed.td.tee_tcb_svn, td.tee_tcb_svn, sizeof td.tee_tcb_svn);
    assert_memory_equal(parsed.td.rtmr, td.rtmr, sizeof td.rtmr);
    assert_memory_equal(parsed.td.xfam, td.xfam, sizeof td.xfam);
}

static void all_of_the_td_is_in_the_report(void **state)
{
    uint8_t report[SIM_TDREPORT_LEN];
    struct report_data data;
    struct td_report read;
    struct err e;

    (void)state;
    sim_tdreport(&td, &ours, report);
    need(sim_tdreport_check(BYTES(report), &read, &data, &e), &e);
    memcpy(read.report_data, td.report_data, sizeof read.report_data); /* is beside it */
    assert_memory_equal(&read, &td, sizeof td);
    assert_memory_equal(data.b, ours.b, sizeof ours.b);
}

static void every_byte_counts(void **state)
{
    uint8_t report[SIM_TDREPORT_LEN];
    struct report_data data;
    struct td_report read;
    struct err e;

    (void)state;
    sim_tdreport(&td, &ours, report);
    for (size_t i = 0; i < sizeof report; i++) {
        /* What lies between and behind the two hashed parts nobody reads. */
        if ((i >= 256 + 239 && i < 512))
            continue;
        report[i] ^= 1;
        if (sim_tdreport_check(BYTES(report), &read, &data, &e) != ERR_VERIFY)
            fail_msg("byte %zu does not count", i);
        report[i] ^= 1;
    }
    assert_int_equal(sim_tdreport_check((struct bytes){report, 1023}, &read, &data, &e),
                     ERR_VERIFY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quote_is_of_the_td_that_was_reported),
        cmocka_unit_test(all_of_the_td_is_in_the_report),
        cmocka_unit_test(every_byte_counts),
    };

    return cmocka_run_group_tests(tests, make_td, NULL);
}
