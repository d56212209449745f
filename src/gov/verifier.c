/* verifier - see verifier.h. */
#include "gov/verifier.h"
#include "attest/der.h"
#include "attest/pck.h"
#include "attest/quote.h"
#include "base/codec.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
#include "crypto/pem.h"
#include "gov/automataverifier_code_gen.h"
#include "gov/collateral_code_gen.h"
#include "gov/contracts_gen.h"
#include "gov/maaverifier_code_gen.h"
#include "gov/tdxverifier_code_gen.h"
#include "gov/write.h"

#define VALUES(...)                                                                                \
    (struct abi_value[]){__VA_ARGS__},                                                             \
        sizeof((struct abi_value[]){__VA_ARGS__}) / sizeof(struct abi_value)

/* ---- deployment ---- */

static const struct {
    const char *name, *code, *args;
} verifiers[GOV_VERIFIERS] = {
    [GOV_VERIFIER_COLLATERAL] = {"collateral", gov_collateral_init_code, GOV_COLLATERAL_ARGS},
    [GOV_VERIFIER_TDX] = {"tdx", gov_tdxverifier_init_code, GOV_TDXVERIFIER_ARGS},
    [GOV_VERIFIER_AZURE] = {"azure", gov_maaverifier_init_code, GOV_MAAVERIFIER_ARGS},
    [GOV_VERIFIER_AUTOMATA] = {"automata", gov_automataverifier_init_code,
                               GOV_AUTOMATAVERIFIER_ARGS},
};

const char *gov_verifier_name(enum gov_verifier v)
{
    return verifiers[v].name;
}

uint16_t gov_tdx_statuses(tcb_status_set set)
{
    static const uint8_t bit[TCB_STATUS_COUNT] = {
        [TCB_UP_TO_DATE] = 1,
        [TCB_SW_HARDENING_NEEDED] = 2,
        [TCB_CONFIGURATION_NEEDED] = 3,
        [TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED] = 4,
        [TCB_OUT_OF_DATE] = 5,
        [TCB_OUT_OF_DATE_CONFIGURATION_NEEDED] = 6,
        [TCB_REVOKED] = 7,
        [TCB_RELAUNCH_ADVISED] = 8,
        [TCB_RELAUNCH_ADVISED_CONFIGURATION_NEEDED] = 9,
    };
    uint16_t bits = 0;

    for (enum tcb_status s = 0; s < TCB_STATUS_COUNT; s++)
        if (set & TCB_STATUS_BIT(s))
            bits |= (uint16_t)(1u << bit[s]);
    return bits;
}

enum err_code gov_verifier_deploy(transactor *t, enum gov_verifier v, const struct abi_value *args,
                                  size_t n, struct tx_receipt *ret, struct err *e)
{
    return gov_deploy(t, verifiers[v].name, verifiers[v].code, verifiers[v].args, args, n, ret, e);
}

/* ---- evidence ---- */

/* The first certificate of a chain in PEM. */
static enum err_code first_of(struct bytes pem, const char *what, struct buf *ret, struct err *e)
{
    struct bytes rest = pck_pem_trim(pem);

    TRY_IN(e, pem_next(&rest, "CERTIFICATE", ret, e), "%s", what);
    return ERR_OK;
}

enum err_code gov_evidence_tdx(struct bytes quote, struct buf *ret, struct err *e)
{
    struct buf pck AUTO_CALL(buf_done) = BUF(PCK_DER_MAX);
    enum attest_fault fault;
    struct quote q;

    TRY_IN(e, quote_parse(quote, &q, &fault, e), "quote");
    TRY(first_of(q.pck_pem, "the quote's chain", &pck, e));
    /* No signature covers what follows the certification data's type and size. */
    return abi_encode("bytes,bytes",
                      VALUES(abi_bytes((struct bytes){quote.p, (size_t)(q.pck_pem.p - quote.p)}),
                             abi_bytes(buf_bytes(&pck))),
                      ret, e);
}

enum err_code gov_evidence_azure(struct bytes token, const struct azure_evidence *vtpm,
                                 struct buf *ret, struct err *e)
{
    struct jws t AUTO_CALL(jws_done) = {0};
    struct abi_value parts[6], all;

    TRY_IN(e, jws_split(token, &t, e), "token");
    parts[0] = abi_bytes(buf_bytes(&t.header));
    parts[1] = abi_bytes(buf_bytes(&t.payload));
    parts[2] = abi_bytes(buf_bytes(&t.signature));
    parts[3] = abi_bytes(buf_bytes(&vtpm->tpms_attest));
    parts[4] = abi_bytes(buf_bytes(&vtpm->tpm_signature));
    parts[5] = abi_bytes(BYTES(vtpm->pcr));
    all = abi_list(parts, 6);
    return abi_encode("(bytes,bytes,bytes,bytes,bytes,bytes)", &all, 1, ret, e);
}

enum err_code gov_attest_report_data(uint64_t chain_id, const struct addr *contract,
                                     const struct addr *sender, const struct hash32 *purpose,
                                     const struct hash32 *block_hash, struct report_data *ret,
                                     struct err *e)
{
    struct buf encoded AUTO_CALL(buf_done) = BUF(6 * 32);
    struct hash32 domain, hash;

    keccak256(bytes_of_str("teereg/attest/1"), &domain);
    TRY(abi_encode("bytes32,uint256,address,address,bytes32,bytes32",
                   VALUES(abi_word(&domain), abi_u64(chain_id), abi_addr(contract),
                          abi_addr(sender), abi_word(purpose), abi_word(block_hash)),
                   &encoded, e));
    keccak256(buf_bytes(&encoded), &hash);
    *ret = (struct report_data){0};
    memcpy(ret->b, hash.b, sizeof hash.b);
    return ERR_OK;
}

/* ---- collateral ---- */

const char *gov_statement_name(enum gov_statement s)
{
    static const char *const names[GOV_STATEMENTS] = {
        [GOV_POST_ROOT_CRL] = "root-crl",       [GOV_POST_PCK_CA] = "pck-ca",
        [GOV_POST_PCK_CRL] = "pck-crl",         [GOV_POST_TCB_INFO] = "tcb-info",
        [GOV_POST_QE_IDENTITY] = "qe-identity",
    };

    return names[s];
}

/* The contract knows an authority by the keccak256 of its Name's contents. */
static enum err_code authority_of(struct bytes ca_der, struct hash32 *ret, struct err *e)
{
    struct pck_cert ca;
    struct der name;
    struct rd r;

    TRY(pck_cert_parse(ca_der, &ca, e));
    r = rd_of(ca.subject);
    TRY(der_expect(&r, DER_SEQUENCE, &name, e));
    keccak256(name.body, ret);
    return ERR_OK;
}

static enum err_code post_json(transactor *t, const struct addr *collateral, const char *function,
                               const struct collateral_text *text, struct tx_receipt *ret,
                               struct err *e)
{
    struct buf signer AUTO_CALL(buf_done) = BUF(PCK_DER_MAX);

    if (text->signature.n != 64)
        return err_set(e, ERR_INVALID, "a signature of %zu bytes, expected 64", text->signature.n);
    TRY(first_of(buf_bytes(&text->issuer_chain), "its issuer's chain", &signer, e));
    return gov_send(t, collateral, function,
                    VALUES(abi_bytes(buf_bytes(&text->body)),
                           abi_fixed((struct bytes){text->signature.p, 32}),
                           abi_fixed((struct bytes){text->signature.p + 32, 32}),
                           abi_bytes(buf_bytes(&signer))),
                    ret, e);
}

static enum err_code post_ca(transactor *t, const struct addr *collateral,
                             const struct collateral_text *crl, enum gov_statement s,
                             struct tx_receipt *ret, struct err *e)
{
    struct buf ca AUTO_CALL(buf_done) = BUF(PCK_DER_MAX);
    struct hash32 authority;

    TRY(first_of(buf_bytes(&crl->issuer_chain), "the PCK CRL's issuer's chain", &ca, e));
    if (s == GOV_POST_PCK_CA)
        return gov_send(t, collateral, GOV_FN_POST_PCK_CA, VALUES(abi_bytes(buf_bytes(&ca))), ret,
                        e);
    TRY_IN(e, authority_of(buf_bytes(&ca), &authority, e), "the PCK CRL's issuer");
    return gov_send(t, collateral, GOV_FN_POST_PCK_CRL,
                    VALUES(abi_word(&authority), abi_bytes(buf_bytes(&crl->body))), ret, e);
}

enum err_code gov_post_statement(transactor *t, const struct addr *collateral,
                                 const struct collateral_bundle *b, enum gov_statement s,
                                 struct tx_receipt *ret, struct err *e)
{
    static const enum collateral_kind kinds[GOV_STATEMENTS] = {
        [GOV_POST_ROOT_CRL] = COLLATERAL_ROOT_CRL,       [GOV_POST_PCK_CA] = COLLATERAL_PCK_CRL,
        [GOV_POST_PCK_CRL] = COLLATERAL_PCK_CRL,         [GOV_POST_TCB_INFO] = COLLATERAL_TCB_INFO,
        [GOV_POST_QE_IDENTITY] = COLLATERAL_QE_IDENTITY,
    };
    const struct collateral_text *text = &b->text[kinds[s]];

    if (text->body.n == 0)
        return err_set(e, ERR_NOT_FOUND, "there is no %s", collateral_kind_name(kinds[s]));
    switch (s) {
    case GOV_POST_ROOT_CRL:
        return gov_send(t, collateral, GOV_FN_POST_ROOT_CRL,
                        VALUES(abi_bytes(buf_bytes(&text->body))), ret, e);
    case GOV_POST_TCB_INFO:
        return post_json(t, collateral, GOV_FN_POST_TCB_INFO, text, ret, e);
    case GOV_POST_QE_IDENTITY:
        return post_json(t, collateral, GOV_FN_POST_QE_IDENTITY, text, ret, e);
    default:
        return post_ca(t, collateral, text, s, ret, e);
    }
}
