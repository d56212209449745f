#include "attest/tpm.h"

#include "base/rd.h"
#include "crypto/digest.h"

#define MAGIC      0xff544347u /* "\xffTCG": made by a TPM, not handed to it to be signed */
#define TYPE_QUOTE 0x8018
#define TPM2B_MAX  128
#define BITMAP_MAX 32

static struct bytes tpm2b(struct rd *r)
{
    uint16_t n = rd_u16be(r);

    if (n > TPM2B_MAX)
        r->bad = true;
    return rd_take(r, n);
}

static void read_selections(struct rd *r, struct tpm_quote *q)
{
    uint32_t n = rd_u32be(r);

    if (n > TPM_SELECTIONS_MAX)
        r->bad = true;
    for (uint32_t i = 0; i < n && rd_ok(r); i++) {
        uint8_t size;

        q->selection[i].alg = rd_u16be(r);
        size = rd_u8(r);
        if (size > BITMAP_MAX)
            r->bad = true;
        q->selection[i].bitmap = rd_take(r, size);
    }
    q->n_selections = rd_ok(r) ? n : 0;
}

enum err_code tpm_quote_parse(struct bytes attest, struct tpm_quote *ret, enum attest_fault *fault,
                              struct err *e)
{
    struct rd r = rd_of(attest);
    struct tpm_quote q = {0};
    uint32_t magic = rd_u32be(&r);
    uint16_t type = rd_u16be(&r);
    uint8_t safe;

    if (rd_ok(&r) && magic != MAGIC)
        return attest_fail(fault, e, FAULT_TPM_FORM, "magic %08x, expected %08x", magic, MAGIC);
    if (rd_ok(&r) && type != TYPE_QUOTE)
        return attest_fail(fault, e, FAULT_TPM_FORM, "type %04x, expected %04x (quote)", type,
                           TYPE_QUOTE);
    q.signer = tpm2b(&r);
    q.extra_data = tpm2b(&r);
    q.clock = rd_u64be(&r);
    q.reset_count = rd_u32be(&r);
    q.restart_count = rd_u32be(&r);
    safe = rd_u8(&r);
    q.safe = safe == 1;
    q.firmware_version = rd_u64be(&r);
    read_selections(&r, &q);
    q.pcr_digest = tpm2b(&r);
    if (!rd_end(&r) || safe > 1)
        return attest_fail(fault, e, FAULT_TPM_FORM,
                           "%zu bytes: cut short, a field past its bound, or bytes behind it",
                           attest.n);
    *ret = q;
    return ERR_OK;
}

enum err_code tpm_check_selection(const struct tpm_quote *q, enum attest_fault *fault,
                                  struct err *e)
{
    static const uint8_t all[] = {0xff, 0xff, 0xff};

    if (q->n_selections != 1)
        return attest_fail(fault, e, FAULT_TPM_SELECTION, "%zu banks, expected one",
                           q->n_selections);
    if (q->selection[0].alg != TPM_ALG_SHA256)
        return attest_fail(fault, e, FAULT_TPM_SELECTION, "bank %04x, expected 000b (SHA-256)",
                           q->selection[0].alg);
    if (!bytes_eq(q->selection[0].bitmap, BYTES(all)))
        return attest_fail(fault, e, FAULT_TPM_SELECTION, "not PCRs 0 to 23, all of them");
    return ERR_OK;
}

enum err_code tpm_check_pcrs(const struct tpm_quote *q, const uint8_t pcr[static TPM_PCRS][32],
                             enum attest_fault *fault, struct err *e)
{
    struct hash32 digest;

    sha256((struct bytes){pcr[0], TPM_PCRS * sizeof pcr[0]}, &digest);
    if (!bytes_eq(q->pcr_digest, BYTES_OF(digest)))
        return attest_fail(fault, e, FAULT_TPM_PCRS,
                           "the digest that was quoted is not that of the 24 values");
    return ERR_OK;
}
