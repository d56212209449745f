/* teereg-sim quote, measurements, faults, root: things made once. */
#include <stdio.h>

#include "base/codec.h"
#include "cmd.h"
#include "crypto/digest.h"
#include "crypto/pem.h"
#include "sim_azure_fault.h"
#include "sim_collateral.h"
#include "sim_root.h"

#define CHANGES_MAX 16

static enum err_code make_quote(const char *measurements, const char *report_data,
                                const char *platform, const char *form, const char *fault,
                                struct buf *ret, struct err *e)
{
    enum sim_fault f = SIM_OK;
    AUTO(sim_platform) p = NULL;
    struct report_data rd;
    struct td_report td;
    enum sim_form which;

    TRY(sim_form_parse(form, &which, e));
    if (fault)
        TRY(sim_fault_parse(fault, &f, e));
    TRY_IN(e, hex_decode(bytes_of_str(report_data), rd.b, sizeof rd.b, e), "--report-data");
    TRY(sim_td_of_file(measurements, &td, e));
    TRY(sim_platform_new(platform ? platform : "default", f, &p, e));
    return sim_quote(p, which, &td, &rd, ret, e);
}

int cmd_quote(int argc, char **argv)
{
    enum { MEASUREMENTS, REPORT_DATA, PLATFORM, FORM, FAULT, OUT };
    struct sim_option o[] = {
        [MEASUREMENTS] = {.name = "measurements"},
        [REPORT_DATA] = {.name = "report-data"},
        [PLATFORM] = {.name = "platform"},
        [FORM] = {.name = "form"},
        [FAULT] = {.name = "fault"},
        [OUT] = {.name = "out"},
        {0},
    };
    struct buf quote AUTO_CALL(buf_done) = BUF(SIM_QUOTE_MAX);
    struct err e;

    if (!sim_options(argc, argv, o))
        return SIM_USAGE;
    if (!o[MEASUREMENTS].value || !o[REPORT_DATA].value)
        return sim_usage(argv[0], "--measurements and --report-data are needed");
    if (make_quote(o[MEASUREMENTS].value, o[REPORT_DATA].value, o[PLATFORM].value, o[FORM].value,
                   o[FAULT].value, &quote, &e) != ERR_OK ||
        sim_output(o[OUT].value, buf_bytes(&quote), &e) != ERR_OK)
        return sim_fail(&e);
    sim_warn();
    return SIM_DONE;
}

/* The field of m that an option names. */
static uint8_t *field(struct measurements *m, const char *name, size_t n, size_t *ret_len)
{
    const struct {
        const char *name;
        uint8_t *p;
        size_t len;
    } fields[] = {
        {"td_attributes", m->td_attributes, sizeof m->td_attributes},
        {"xfam", m->xfam, sizeof m->xfam},
        {"mrtd", m->mrtd, sizeof m->mrtd},
        {"mrconfigid", m->mrconfigid, sizeof m->mrconfigid},
        {"mrowner", m->mrowner, sizeof m->mrowner},
        {"mrownerconfig", m->mrownerconfig, sizeof m->mrownerconfig},
        {"rtmr0", m->rtmr[0], sizeof m->rtmr[0]},
        {"rtmr1", m->rtmr[1], sizeof m->rtmr[1]},
        {"rtmr2", m->rtmr[2], sizeof m->rtmr[2]},
        {"rtmr3", m->rtmr[3], sizeof m->rtmr[3]},
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strlen(fields[i].name) == n && strncmp(fields[i].name, name, n) == 0) {
            *ret_len = fields[i].len;
            return fields[i].p;
        }
    return NULL;
}

/* FIELD=HEX sets it; FIELD alone makes it what another content would have measured to. */
static enum err_code change(struct measurements *m, const char *text, struct err *e)
{
    const char *value = strchr(text, '=');
    size_t n = value ? (size_t)(value - text) : strlen(text), len = 0;
    uint8_t *p = field(m, text, n, &len);

    if (!p)
        return err_set(e, ERR_INVALID, "--change: no field '%.*s'", (int)(n < 64 ? n : 64), text);
    if (value)
        TRY_IN(e, hex_decode(bytes_of_str(value + 1), p, len, e), "--change %.*s", (int)n, text);
    else if (len == sizeof m->mrtd)
        sha384((struct bytes){p, len}, p);
    else
        return err_set(e, ERR_INVALID, "--change %s: say which value (%s=HEX)", text, text);
    return ERR_OK;
}

static enum err_code make_measurements(const char *image, const struct sim_option *changes,
                                       struct buf *ret, struct err *e)
{
    struct measurements m;
    struct td_report td;
    AUTO(json) j = NULL;

    sim_td_of_image(image, &td);
    measurements_of_td(&td, &m);
    for (size_t i = 0; i < changes->n; i++)
        TRY(change(&m, changes->many[i], e));
    TRY(measurements_to_json(&m, &j, e));
    TRY(json_write(j, JSON_PRETTY, ret, e));
    buf_put_u8(ret, '\n');
    return buf_check(ret, e);
}

int cmd_measurements(int argc, char **argv)
{
    enum { IMAGE, CHANGE, OUT };
    const char *changes[CHANGES_MAX];
    struct sim_option o[] = {
        [IMAGE] = {.name = "image"},
        [CHANGE] = {.name = "change", .many = changes, .max = CHANGES_MAX},
        [OUT] = {.name = "out"},
        {0},
    };
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    struct err e;

    if (!sim_options(argc, argv, o))
        return SIM_USAGE;
    if (!o[IMAGE].value)
        return sim_usage(argv[0], "--image is needed");
    if (make_measurements(o[IMAGE].value, &o[CHANGE], &text, &e) != ERR_OK ||
        sim_output(o[OUT].value, buf_bytes(&text), &e) != ERR_OK)
        return sim_fail(&e);
    sim_warn();
    return SIM_DONE;
}

static void put_azure_fault(const char *name)
{
    printf("azure %s\n", name);
}

int cmd_faults(int argc, char **argv)
{
    if (argc > 1)
        return sim_usage(argv[0], "this command takes no options");
    for (int f = 0; f < SIM_FAULT_COUNT; f++)
        puts(sim_fault_name((enum sim_fault)f));
    for (int f = 0; f < SIM_COLLATERAL_FAULT_COUNT; f++)
        printf("collateral %s\n", sim_collateral_fault_name((enum sim_collateral_fault)f));
    sim_azure_fault_list(put_azure_fault);
    return SIM_DONE;
}

int cmd_root(int argc, char **argv)
{
    struct sim_option o[] = {{.name = "out"}, {0}};
    struct buf der AUTO_CALL(buf_done) = BUF(4096);
    struct buf pem AUTO_CALL(buf_done) = BUF(8192);
    struct err e;

    if (!sim_options(argc, argv, o))
        return SIM_USAGE;
    if (sim_root_certificate(&der, &e) != ERR_OK)
        return sim_fail(&e);
    pem_put(&pem, "CERTIFICATE", buf_bytes(&der));
    if (buf_check(&pem, &e) != ERR_OK || sim_output(o[0].value, buf_bytes(&pem), &e) != ERR_OK)
        return sim_fail(&e);
    sim_warn();
    return SIM_DONE;
}
