/* The bundle: who signs what, and who is revoked. */
#include "sim_collateral.h"

#include "base/json.h"
#include "crypto/pem.h"
#include "sim_platform.h"
#include "sim_root.h"
#include "sim_tcb.h"

#define DAY  86400
#define HOUR 3600
/* 1971 .. 2039: with the most days of all, no list ends where UTCTime does (2050). */
#define NOW_MIN 31536000
#define NOW_MAX 2208988799

#define PART BUF(SIM_CERT_MAX)

static const char *const names[] = {
#define SIM_COLLATERAL_TEXT_(id, name) [id] = (name),
    SIM_COLLATERAL_FAULTS(SIM_COLLATERAL_TEXT_)
#undef SIM_COLLATERAL_TEXT_
};

const char *sim_collateral_fault_name(enum sim_collateral_fault f)
{
    return (size_t)f < SIM_COLLATERAL_FAULT_COUNT ? names[f] : "unknown";
}

enum err_code sim_collateral_fault_parse(const char *name, enum sim_collateral_fault *ret,
                                         struct err *e)
{
    struct buf all AUTO_CALL(buf_done) = BUF(1024);

    for (size_t i = 0; i < SIM_COLLATERAL_FAULT_COUNT; i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum sim_collateral_fault)i;
            return ERR_OK;
        }
        buf_printf(&all, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    return err_set(e, ERR_INVALID, "no fault of collateral is named '%.64s'; there are %s", name,
                   buf_cstr(&all));
}

/* The keys and certificates (DER) of one bundle while it is made. */
struct making {
    const sim_platform *p;
    struct sim_collateral_spec spec;
    EVP_PKEY *root_key, *ca_key, *signer_key;
    EVP_PKEY *signer_root_key; /* issues the signer: root_key's, but in SIGNER_OTHER_ROOT */
    EVP_PKEY *other;           /* signs where the fault says that the wrong one does */
    struct buf root, ca, signer, signer_root;
};

static void making_done(struct making *m)
{
    EVP_PKEY_free(m->root_key);
    EVP_PKEY_free(m->ca_key);
    EVP_PKEY_free(m->signer_key);
    EVP_PKEY_free(m->signer_root_key);
    EVP_PKEY_free(m->other);
    buf_done(&m->root);
    buf_done(&m->ca);
    buf_done(&m->signer);
    buf_done(&m->signer_root);
}

static enum err_code make_signer_root(struct making *m, struct err *e)
{
    if (m->spec.fault == SIM_COLLATERAL_SIGNER_OTHER_ROOT)
        return sim_unknown_root(&m->signer_root_key, &m->signer_root, e);
    TRY(sim_root_key(&m->signer_root_key, e));
    return sim_root_certificate(&m->signer_root, e);
}

static enum err_code make_certificates(struct making *m, struct err *e)
{
    static const struct sim_cert_spec signer = {
        .subject = SIM_CN_TCB,
        .issuer = SIM_CN_ROOT,
        .crl = "http://simulated.invalid/root.crl",
        .key_usage = 0xc0, /* digitalSignature, nonRepudiation */
        .usage_bits = 6,
    };

    TRY(sim_root_key(&m->root_key, e));
    TRY(sim_root_certificate(&m->root, e));
    TRY(sim_ca(&m->ca_key, &m->ca, e));
    TRY(make_signer_root(m, e));
    TRY(sim_key("", "tcb-signing", &m->signer_key, e));
    TRY(sim_key("", "another key of collateral", &m->other, e));
    return sim_cert_make(&signer, m->signer_key, m->signer_root_key, m->signer_root_key, &m->signer,
                         e);
}

static enum err_code put_chain(json *bundle, const char *member, const struct buf *first,
                               const struct buf *root, struct err *e)
{
    struct buf pem AUTO_CALL(buf_done) = BUF(4 * SIM_CERT_MAX);

    pem_put(&pem, "CERTIFICATE", buf_bytes(first));
    pem_put(&pem, "CERTIFICATE", buf_bytes(root));
    TRY(buf_check(&pem, e));
    return json_put_str(bundle, member, buf_cstr(&pem), e);
}

/* A document with its signature and chain: the members NAME, NAME_signature, NAME_issuer_chain. */
static enum err_code put_document(json *bundle, const struct making *m, const char *name,
                                  struct buf *text, bool other, struct err *e)
{
    uint8_t signature[SIM_RAW_SIG_LEN];
    struct buf member AUTO_CALL(buf_done) = BUF(64);

    TRY(sim_sign_raw(other ? m->other : m->signer_key, buf_bytes(text), signature, e));
    TRY(json_put_str(bundle, name, buf_cstr(text), e));
    buf_printf(&member, "%s_signature", name);
    TRY(json_put_hex(bundle, buf_cstr(&member), BYTES(signature), e));
    buf_clear(&member);
    buf_printf(&member, "%s_issuer_chain", name);
    return put_chain(bundle, buf_cstr(&member), &m->signer, &m->signer_root, e);
}

static enum err_code put_documents(json *bundle, const struct making *m, struct err *e)
{
    struct buf tcb_info AUTO_CALL(buf_done) = BUF(SIM_COLLATERAL_MAX);
    struct buf qe_identity AUTO_CALL(buf_done) = BUF(SIM_COLLATERAL_MAX);

    TRY(sim_tcb_info(m->p, &m->spec, &tcb_info, e));
    TRY(sim_qe_identity(&m->spec, &qe_identity, e));
    TRY(put_document(bundle, m, "tcb_info", &tcb_info, m->spec.fault == SIM_COLLATERAL_TCB_INFO_SIG,
                     e));
    return put_document(bundle, m, "qe_identity", &qe_identity,
                        m->spec.fault == SIM_COLLATERAL_QE_IDENTITY_SIG, e);
}

/* The list of the root: empty as Intel's is, but in faults. */
static enum err_code put_root_crl(json *bundle, const struct making *m, struct err *e)
{
    struct buf der AUTO_CALL(buf_done) = PART;
    uint8_t revoked[1][SIM_SERIAL_LEN];
    bool ca = m->spec.fault == SIM_COLLATERAL_CA_REVOKED;
    struct sim_crl_spec spec = {
        .issuer = SIM_CN_ROOT,
        .this_update = m->spec.now - DAY,
        .next_update = m->spec.now + (int64_t)m->spec.days * DAY,
        .revoked = revoked,
        .n = ca || m->spec.fault == SIM_COLLATERAL_SIGNER_REVOKED,
    };

    TRY(sim_serial(ca ? m->ca_key : m->signer_key, revoked[0], e));
    TRY(sim_crl_make(&spec, m->root_key,
                     m->spec.fault == SIM_COLLATERAL_ROOT_CRL_SIG ? m->other : m->root_key, &der,
                     e));
    return json_put_hex(bundle, "root_ca_crl", buf_bytes(&der), e);
}

/* The list of the CA: never empty, so that a reader of lists is always used. */
static enum err_code put_pck_crl(json *bundle, const struct making *m, struct err *e)
{
    struct buf der AUTO_CALL(buf_done) = PART;
    uint8_t revoked[2][SIM_SERIAL_LEN];
    struct sim_crl_spec spec = {
        .issuer = SIM_CN_CA,
        .this_update = m->spec.now - DAY,
        .next_update = m->spec.fault == SIM_COLLATERAL_CRL_EXPIRED
                           ? m->spec.now - HOUR
                           : m->spec.now + (int64_t)m->spec.days * DAY,
        .revoked = revoked,
        .n = m->spec.fault == SIM_COLLATERAL_LEAF_REVOKED ? 2 : 1,
    };

    TRY(sim_serial(m->other, revoked[0], e));
    memcpy(revoked[1], m->p->pck_serial, SIM_SERIAL_LEN);
    TRY(sim_crl_make(&spec, m->ca_key,
                     m->spec.fault == SIM_COLLATERAL_PCK_CRL_SIG ? m->other : m->ca_key, &der, e));
    return json_put_hex(bundle, "pck_crl", buf_bytes(&der), e);
}

static enum err_code check(const struct sim_collateral_spec *spec, struct err *e)
{
    if (spec->now < NOW_MIN || spec->now > NOW_MAX)
        return err_set(e, ERR_INVALID, "collateral of the time %lld: only 1971 .. 2039 can be made",
                       (long long)spec->now);
    if (spec->days > SIM_COLLATERAL_DAYS_MAX)
        return err_set(e, ERR_INVALID, "collateral for %u days: at most %d", spec->days,
                       SIM_COLLATERAL_DAYS_MAX);
    for (const char *c = spec->status ? spec->status : ""; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z')))
            return err_set(e, ERR_INVALID, "status '%.64s': a status is of letters", spec->status);
    return ERR_OK;
}

enum err_code sim_collateral(const sim_platform *p, const struct sim_collateral_spec *spec,
                             struct buf *ret, struct err *e)
{
    struct making m AUTO_CALL(making_done) = {
        .p = p, .spec = *spec, .root = PART, .ca = PART, .signer = PART, .signer_root = PART};
    AUTO(json) bundle = NULL;

    TRY(check(spec, e));
    if (m.spec.days == 0)
        m.spec.days = 30;
    if (m.spec.evaluation_number == 0)
        m.spec.evaluation_number = 17;
    if (!m.spec.status)
        m.spec.status = "UpToDate";
    TRY(make_certificates(&m, e));
    TRY(json_new_object(&bundle, e));
    TRY(put_documents(bundle, &m, e));
    TRY(put_chain(bundle, "pck_crl_issuer_chain", &m.ca, &m.root, e));
    TRY(put_root_crl(bundle, &m, e));
    TRY(put_pck_crl(bundle, &m, e));
    TRY(json_write(bundle, JSON_PRETTY, ret, e));
    buf_put_u8(ret, '\n');
    return buf_check(ret, e);
}
