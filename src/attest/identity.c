#include "attest/identity.h"

#include "crypto/digest.h"

static const char tag_tdx[] = "teereg/tdx/2";
static const char tag_azure[] = "teereg/azure-tdx/2";
static const char tag_principal[] = "teereg/principal/2";

/* Tags are hashed without a NUL, as Solidity's keccak256("...") does. */
static struct hash32 tag_hash(const char *tag)
{
    struct hash32 h;

    keccak256(bytes_of_str(tag), &h);
    return h;
}

void measurements_of_td(const struct td_report *td, struct measurements *ret)
{
    struct measurements m = {.kind = TEE_TDX};

    memcpy(m.td_attributes, td->td_attributes, sizeof m.td_attributes);
    memcpy(m.xfam, td->xfam, sizeof m.xfam);
    memcpy(m.mrtd, td->mrtd, sizeof m.mrtd);
    memcpy(m.mrconfigid, td->mrconfigid, sizeof m.mrconfigid);
    memcpy(m.mrowner, td->mrowner, sizeof m.mrowner);
    memcpy(m.mrownerconfig, td->mrownerconfig, sizeof m.mrownerconfig);
    memcpy(m.rtmr, td->rtmr, sizeof m.rtmr);
    *ret = m;
}

void measurements_of_azure(const struct td_report *td, const uint8_t pcr[static 24][32],
                           struct measurements *ret)
{
    measurements_of_td(td, ret);
    ret->kind = TEE_AZURE_TDX;
    memcpy(ret->pcr, pcr, sizeof ret->pcr);
}

void identity_v1(const struct measurements *m, const struct addr *contract, struct hash32 *ret)
{
    if (m->kind == TEE_AZURE_TDX)
        KECCAK256_OF(ret, BYTES_OF(*contract), BYTES(m->pcr[4]), BYTES(m->pcr[9]),
                     BYTES(m->pcr[11]));
    else
        KECCAK256_OF(ret, BYTES_OF(*contract), BYTES(m->rtmr[0]), BYTES(m->rtmr[1]),
                     BYTES(m->rtmr[2]));
}

static struct hash32 word_u64(uint64_t v)
{
    struct hash32 w = {0};

    for (size_t i = 0; i < 8; i++)
        w.b[31 - i] = (uint8_t)(v >> (8 * i));
    return w;
}

static enum err_code identity_azure(const struct measurements *m,
                                    const struct identity_rules *rules, struct hash32 *ret,
                                    struct err *e)
{
    struct hash32 tag = tag_hash(tag_azure), chain = word_u64(rules->chain_id);
    uint8_t mask[4] = {0, (uint8_t)(rules->pcr_mask >> 16), (uint8_t)(rules->pcr_mask >> 8),
                       (uint8_t)rules->pcr_mask};
    struct bytes parts[7 + 24] = {BYTES_OF(tag),
                                  BYTES_OF(chain),
                                  BYTES_OF(rules->contract),
                                  BYTES(m->td_attributes),
                                  BYTES(m->xfam),
                                  BYTES(m->mrtd),
                                  BYTES(mask)};
    size_t n = 7;

    if (rules->pcr_mask == 0 || rules->pcr_mask >> 24)
        return err_set(e, ERR_DENIED,
                       "the contract's PCR mask is 0x%08x: an Azure identity needs some of PCRs 0 "
                       "to 23 in it, and nothing else",
                       rules->pcr_mask);
    for (size_t i = 0; i < 24; i++)
        if (rules->pcr_mask & (uint32_t)1 << i)
            parts[n++] = BYTES(m->pcr[i]);
    keccak256_parts(parts, n, ret);
    return ERR_OK;
}

enum err_code identity_v2(const struct measurements *m, const struct identity_rules *rules,
                          struct hash32 *ret, struct err *e)
{
    static const uint8_t zero[48];
    struct hash32 tag = tag_hash(tag_tdx), chain = word_u64(rules->chain_id);

    if (m->kind == TEE_AZURE_TDX)
        return identity_azure(m, rules, ret, e);
    KECCAK256_OF(ret, BYTES_OF(tag), BYTES_OF(chain), BYTES_OF(rules->contract),
                 BYTES(m->td_attributes), BYTES(m->xfam), BYTES(m->mrtd), BYTES(m->mrconfigid),
                 BYTES(m->mrowner), BYTES(m->mrownerconfig), BYTES(m->rtmr[0]), BYTES(m->rtmr[1]),
                 BYTES(m->rtmr[2]), rules->rtmr3 ? BYTES(m->rtmr[3]) : BYTES(zero));
    return ERR_OK;
}

void identity_principal(const struct hash32 *identity, const struct hash32 *config_hash,
                        struct hash32 *ret)
{
    struct hash32 tag = tag_hash(tag_principal);

    KECCAK256_OF(ret, BYTES_OF(tag), BYTES_OF(*identity), BYTES_OF(*config_hash));
}
