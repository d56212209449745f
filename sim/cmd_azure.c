/* teereg-sim azure: a TDX machine of Azure, out of a TPM in software (swtpm), a paravisor and the
 * metadata service that makes quotes of its reports. */
#include <openssl/rsa.h>
#include <stdio.h>

#include "attest/vtpm.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "cmd.h"
#include "crypto/digest.h"
#include "crypto/pem.h"
#include "crypto/random.h"
#include "sim_imds.h"
#include "sim_paravisor.h"
#include "sim_vtpm.h"

#define CHANGES_MAX SIM_VTPM_PCRS
#define BOOT_NS     ((uint64_t)60 * 1000000000)

struct machine {
    struct sim_azure_faults faults;
    sim_platform *platform;
    EVP_PKEY *ak, *other;
    struct sim_hcl hcl;
    sim_paravisor *paravisor; /* after what it makes reports of */
    uint16_t port;
};

static void machine_done(struct machine *m)
{
    sim_paravisor_free(m->paravisor);
    sim_platform_free(m->platform);
    EVP_PKEY_free(m->ak);
    EVP_PKEY_free(m->other);
}

/* ---- what governance and operators are given ---- */

static enum err_code write_to(const char *folder, const char *name, struct bytes data,
                              struct err *e)
{
    struct buf path AUTO_CALL(buf_done) = BUF(4096);

    buf_printf(&path, "%s/%s", folder, name);
    TRY(buf_check(&path, e));
    return fs_write_atomic(buf_cstr(&path), data, 0644, e);
}

/* The PCRs as the TPM quotes them. */
static enum err_code write_measurements(const struct machine *m, const char *tpm,
                                        const char *folder, struct err *e)
{
    struct buf attest AUTO_CALL(buf_done) = BUF(4096);
    struct buf signature AUTO_CALL(buf_done) = BUF(4096);
    struct buf text AUTO_CALL(buf_done) = BUF(65536);
    uint8_t pcr[VTPM_PCRS][32], nonce[32];
    struct measurements measured;
    AUTO(vtpm) v = NULL;
    AUTO(json) j = NULL;

    TRY(vtpm_open(tpm, clock_ns(&clock_system) + BOOT_NS, &v, e));
    random_bytes(nonce, sizeof nonce);
    TRY(vtpm_quote(v, SIM_VTPM_AK, BYTES(nonce), &attest, &signature, pcr, e));
    measurements_of_azure(&m->hcl.td, pcr, &measured);
    TRY(measurements_to_json(&measured, &j, e));
    TRY(json_write(j, JSON_PRETTY, &text, e));
    buf_put_u8(&text, '\n');
    TRY(buf_check(&text, e));
    return write_to(folder, "measurements.json", buf_bytes(&text), e);
}

static enum err_code write_certificate(const char *folder, const char *name, struct bytes der,
                                       struct err *e)
{
    struct buf pem AUTO_CALL(buf_done) = BUF(8192);

    pem_put(&pem, "CERTIFICATE", der);
    TRY(buf_check(&pem, e));
    return write_to(folder, name, buf_bytes(&pem), e);
}

/* The leaf goes into the TPM; what is above it a machine has from elsewhere. */
static enum err_code certify(const struct machine *m, sim_vtpm *v, const char *folder,
                             struct err *e)
{
    struct buf leaf AUTO_CALL(buf_done) = BUF(SIM_VTPM_NV_MAX);
    struct buf above AUTO_CALL(buf_done) = BUF(8192);
    struct buf root AUTO_CALL(buf_done) = BUF(8192);
    EVP_PKEY *key = m->faults.machine == SIM_AZURE_AK_KEY ? m->other : m->ak;

    TRY(sim_ak_certificate(key, m->faults.ak, &leaf, e));
    TRY(sim_ak_intermediate(m->faults.ak, &above, e));
    TRY(sim_ak_root_certificate(&root, e));
    if (m->faults.ak != SIM_AK_NO_INTERMEDIATE)
        TRY(write_certificate(folder, "ak-intermediate.pem", buf_bytes(&above), e));
    TRY(write_certificate(folder, "ak-root.pem", buf_bytes(&root), e));
    return sim_vtpm_make_nv(v, SIM_VTPM_CERTIFICATE, SIM_VTPM_NV_MAX, buf_bytes(&leaf), e);
}

/* ---- a boot ---- */

/* pcr0 to pcr23 */
static enum err_code pcr_of(const char *name, unsigned *ret, struct err *e)
{
    char text[8];

    for (unsigned i = 0; i < SIM_VTPM_PCRS; i++) {
        snprintf(text, sizeof text, "pcr%u", i);
        if (strcmp(name, text) == 0) {
            *ret = i;
            return ERR_OK;
        }
    }
    return err_set(e, ERR_INVALID, "--change %s: expected pcr0 to pcr23", name);
}

static enum err_code boot(sim_vtpm *v, const char *image, const struct sim_option *changes,
                          struct err *e)
{
    struct hash32 event;
    unsigned pcr = 0;

    for (unsigned i = 0; i < SIM_VTPM_PCRS; i++)
        if (sim_vtpm_event(image, i, &event))
            TRY(sim_vtpm_extend(v, i, &event, e));
    for (size_t i = 0; i < changes->n; i++) {
        TRY(pcr_of(changes->many[i], &pcr, e));
        SHA256_OF(&event, bytes_of_str("teereg-sim a change of "), bytes_of_str(changes->many[i]));
        TRY(sim_vtpm_extend(v, pcr, &event, e));
    }
    return ERR_OK;
}

/* What a paravisor has written before anybody asked it for anything. */
static enum err_code first_report(struct machine *m, sim_vtpm *v, struct err *e)
{
    static const struct report_data nobody;
    struct buf report AUTO_CALL(buf_done) = BUF(SIM_VTPM_NV_MAX);

    m->hcl.ak = m->ak;
    m->hcl.other = m->other;
    TRY_IN(e, sim_hcl_report(&m->hcl, &nobody, m->faults.machine, &report, e),
           "HCL report in an NV index of %d bytes", SIM_VTPM_NV_MAX);
    TRY(sim_vtpm_make_nv(v, SIM_VTPM_USER_DATA, SIM_VTPM_USER_DATA_LEN, BYTES(nobody.b), e));
    TRY(sim_vtpm_make_nv(v, SIM_VTPM_HCL_REPORT, SIM_VTPM_NV_MAX, buf_bytes(&report), e));
    sim_paravisor_report_of(m->paravisor, &m->hcl);
    return ERR_OK;
}

enum { TPM, CONTROL, IMAGE, OUT, LISTEN, PLATFORM, PARAVISOR, CHANGE, FAULT, OPTIONS };

static enum err_code set_up(struct machine *m, const struct sim_option *o, const char *conf,
                            struct err *e)
{
    AUTO(sim_vtpm) v = NULL;

    TRY(sim_vtpm_open(conf, &v, e));
    TRY(sim_vtpm_make_ak(v, &m->ak, e));
    TRY(certify(m, v, o[OUT].value, e));
    TRY(first_report(m, v, e));
    return boot(v, o[IMAGE].value, &o[CHANGE], e);
}

static enum err_code prepare(struct machine *m, const struct sim_option *o, char *tpm, size_t n,
                             struct err *e)
{
    const char *seed = o[PLATFORM].value ? o[PLATFORM].value : "azure";
    const char *paravisor = o[PARAVISOR].value ? o[PARAVISOR].value : "paravisor";

    if (o[FAULT].value)
        TRY(sim_azure_fault_parse(o[FAULT].value, &m->faults, e));
    TRY(fs_mkdirs(o[OUT].value, 0755, e));
    TRY(sim_platform_new(seed, SIM_OK, &m->platform, e));
    m->other = EVP_RSA_gen(2048);
    if (!m->other)
        return err_set(e, ERR_INTERNAL, "key of a simulated vTPM");
    sim_hcl_td(paravisor, m->faults.machine, &m->hcl.td);
    TRY(sim_paravisor_start(o[TPM].value, o[CONTROL].value, m->faults.machine, &m->paravisor,
                            &m->port, e));
    snprintf(tpm, n, "swtpm:host=127.0.0.1,port=%u", m->port);
    TRY(set_up(m, o, tpm + strlen("swtpm:"), e));
    return write_measurements(m, tpm, o[OUT].value, e);
}

static enum err_code serve(const struct machine *m, const char *address, const char *tpm,
                           struct err *e)
{
    static const struct http_route list[] = {SIM_IMDS_ROUTES};
    struct sim_imds imds = {.platform = m->platform, .fault = m->faults.machine};
    const struct http_routes routes = {
        .list = list, .n = sizeof list / sizeof *list, .self = &imds};
    char what[128];

    snprintf(what, sizeof what, "Azure machine with its TPM at %s and its metadata service", tpm);
    return sim_serve(address ? address : "127.0.0.1:0", what, &routes, e);
}

int cmd_azure(int argc, char **argv)
{
    const char *changes[CHANGES_MAX];
    struct sim_option o[OPTIONS + 1] = {
        [TPM] = {.name = "tpm"},
        [CONTROL] = {.name = "tpm-control"},
        [IMAGE] = {.name = "image"},
        [OUT] = {.name = "out"},
        [LISTEN] = {.name = "listen"},
        [PLATFORM] = {.name = "platform"},
        [PARAVISOR] = {.name = "paravisor"},
        [CHANGE] = {.name = "change", .many = changes, .max = CHANGES_MAX},
        [FAULT] = {.name = "fault"},
    };
    struct machine m AUTO_CALL(machine_done) = {0};
    char tpm[64];
    struct err e;

    if (!sim_options(argc, argv, o))
        return SIM_USAGE;
    if (!o[TPM].value || !o[CONTROL].value || !o[IMAGE].value || !o[OUT].value)
        return sim_usage(argv[0], "--tpm, --tpm-control, --image and --out are needed");
    log_setup(LOG_TEXT, LOG_INFO, "teereg-sim");
    if (prepare(&m, o, tpm, sizeof tpm, &e) != ERR_OK ||
        serve(&m, o[LISTEN].value, tpm, &e) != ERR_OK)
        return sim_fail(&e);
    return SIM_DONE;
}
