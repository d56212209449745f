#include "sim_collateral.h"

#include "crypto/pem.h"
#include "sim_cert.h"
#include "sim_platform.h"
#include "sim_root.h"
#include "sim_vendor.h"

#define CN_SIGNER    "Intel SGX TCB Signing"
#define CN_PROCESSOR "Intel SGX PCK Processor CA"

static const char *const fault_names[SIM_COLLATERAL_FAULT_COUNT] = {
#define NAME(id, name) [id] = (name),
    SIM_COLLATERAL_FAULTS(NAME)
#undef NAME
};

const char *sim_collateral_fault_name(enum sim_collateral_fault f)
{
    return f < SIM_COLLATERAL_FAULT_COUNT ? fault_names[f] : "unknown";
}

enum err_code sim_collateral_fault_parse(const char *name, enum sim_collateral_fault *ret,
                                         struct err *e)
{
    for (int f = 0; f < SIM_COLLATERAL_FAULT_COUNT; f++)
        if (strcmp(name, fault_names[f]) == 0) {
            *ret = (enum sim_collateral_fault)f;
            return ERR_OK;
        }
    return err_set(e, ERR_INVALID, "no fault of collateral '%s'; `teereg-sim faults` lists them",
                   name);
}

/* ---- the vendor ---- */

struct sim_vendor sim_vendor_empty(const struct sim_collateral_spec *spec)
{
    return (struct sim_vendor){
        .spec = spec,
        .root_der = BUF(SIM_CERT_MAX),
        .ca_der = BUF(SIM_CERT_MAX),
        .signer_der = BUF(SIM_CERT_MAX),
        .leaf_der = BUF(SIM_CERT_MAX),
        .issued = spec->now - SIM_DAY_S,
        .until = spec->now + (int64_t)(spec->days ? spec->days : 30) * SIM_DAY_S,
    };
}

void sim_vendor_done(struct sim_vendor *v)
{
    EVP_PKEY_free(v->root);
    EVP_PKEY_free(v->ca);
    EVP_PKEY_free(v->signer);
    EVP_PKEY_free(v->other);
    buf_done(&v->root_der);
    buf_done(&v->ca_der);
    buf_done(&v->signer_der);
    buf_done(&v->leaf_der);
}

unsigned sim_vendor_number(const struct sim_vendor *v)
{
    if (v->spec->evaluation_number)
        return v->spec->evaluation_number;
    return v->spec->early ? SIM_EVALUATION + 1 : SIM_EVALUATION;
}

static enum err_code open_signer(struct sim_vendor *v, struct err *e)
{
    const struct sim_cert_spec spec = {
        .subject = CN_SIGNER,
        .issuer = SIM_CN_ROOT,
        .crl = "http://simulated.invalid/root.crl",
        .key_usage = 0xc0,
        .usage_bits = 6,
    };

    TRY(sim_root_key(&v->root, e));
    TRY(sim_key("", "tcb-signing", &v->signer, e));
    TRY(sim_key("", "another signer", &v->other, e));
    TRY(sim_root_certificate(&v->root_der, e));
    return sim_cert_make(&spec, v->signer, v->root,
                         v->spec->fault == SIM_SIGNER_ROOT ? v->other : v->root, &v->signer_der, e);
}

/* The platform's own certificate and its CA's, out of its chain. */
static enum err_code open_platform_ca(struct sim_vendor *v, const sim_platform *p, struct err *e)
{
    struct bytes pem = sim_platform_chain(p);

    TRY(sim_key("", "platform-ca", &v->ca, e));
    TRY(pem_next(&pem, "CERTIFICATE", &v->leaf_der, e));
    return pem_next(&pem, "CERTIFICATE", &v->ca_der, e);
}

/* The CA of single-package servers, under which no simulated platform is. */
static enum err_code open_processor_ca(struct sim_vendor *v, struct err *e)
{
    const struct sim_cert_spec spec = {
        .subject = CN_PROCESSOR,
        .issuer = SIM_CN_ROOT,
        .crl = "http://simulated.invalid/root.crl",
        .is_ca = true,
        .key_usage = 0x06,
        .usage_bits = 1,
    };

    TRY(sim_key("", "processor-ca", &v->ca, e));
    TRY(sim_cert_make(&spec, v->ca, v->root, v->root, &v->ca_der, e));
    buf_put(&v->leaf_der, buf_bytes(&v->ca_der));
    return buf_check(&v->leaf_der, e);
}

static enum err_code open_vendor(struct sim_vendor *v, const sim_platform *p, struct err *e)
{
    TRY(open_signer(v, e));
    return v->spec->processor_ca ? open_processor_ca(v, e) : open_platform_ca(v, p, e);
}

/* ---- one object with what goes with it ---- */

static struct collateral_text empty_text(void)
{
    return (struct collateral_text){
        .body = BUF(TCB_TEXT_MAX), .signature = BUF(SIM_RAW_SIG_LEN), .issuer_chain = BUF(8192)};
}

static enum err_code put_chain(const struct sim_vendor *v, const struct buf *first, struct buf *ret,
                               struct err *e)
{
    pem_put(ret, "CERTIFICATE", buf_bytes(first));
    pem_put(ret, "CERTIFICATE", buf_bytes(&v->root_der));
    return buf_check(ret, e);
}

static enum err_code sign_json(const struct sim_vendor *v, bool wrong, struct collateral_text *t,
                               struct err *e)
{
    uint8_t sig[SIM_RAW_SIG_LEN];

    TRY(buf_check(&t->body, e));
    TRY(sim_sign_raw(wrong ? v->other : v->signer, buf_bytes(&t->body), sig, e));
    buf_put(&t->signature, BYTES(sig));
    return put_chain(v, &v->signer_der, &t->issuer_chain, e);
}

enum err_code sim_collateral_parts(const sim_platform *p, const struct sim_collateral_spec *spec,
                                   struct collateral_bundle *ret, struct err *e)
{
    struct sim_vendor v AUTO_CALL(sim_vendor_done) = sim_vendor_empty(spec);
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};

    for (size_t k = 0; k < COLLATERAL_KINDS; k++)
        b.text[k] = empty_text();
    TRY(open_vendor(&v, p, e));
    TRY(sim_root_crl(&v, &b.text[COLLATERAL_ROOT_CRL].body, e));
    TRY(sim_pck_crl(&v, &b.text[COLLATERAL_PCK_CRL].body, e));
    TRY(put_chain(&v, &v.ca_der, &b.text[COLLATERAL_PCK_CRL].issuer_chain, e));
    sim_tcb_info(&v, sim_platform_info(p), &b.text[COLLATERAL_TCB_INFO].body);
    sim_qe_identity(&v, &b.text[COLLATERAL_QE_IDENTITY].body);
    TRY(sign_json(&v, spec->fault == SIM_TCB_INFO_SIG, &b.text[COLLATERAL_TCB_INFO], e));
    TRY(sign_json(&v, spec->fault == SIM_QE_IDENTITY_SIG, &b.text[COLLATERAL_QE_IDENTITY], e));
    collateral_bundle_done(ret);
    *ret = b;
    b = (struct collateral_bundle){0};
    return ERR_OK;
}

enum err_code sim_collateral(const sim_platform *p, const struct sim_collateral_spec *spec,
                             struct buf *ret, struct err *e)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};

    TRY(sim_collateral_parts(p, spec, &b, e));
    return collateral_bundle_encode(&b, ret, e);
}

enum err_code sim_collateral_numbers(const struct sim_collateral_spec *spec,
                                     struct collateral_bundle *ret, struct err *e)
{
    struct sim_vendor v AUTO_CALL(sim_vendor_done) = sim_vendor_empty(spec);
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};

    b.text[0] = empty_text();
    TRY(open_signer(&v, e));
    sim_evaluation_numbers(&v, &b.text[0].body);
    TRY(sign_json(&v, false, &b.text[0], e));
    collateral_bundle_done(ret);
    *ret = b;
    b = (struct collateral_bundle){0};
    return ERR_OK;
}
