#include "attest/proxy_headers.h"

#include "base/codec.h"

#define N_TDX 5
#define N_PCR 24

/* The only spelling of each index; their order is that of the values. */
static const char *const tdx_indexes[] = {"0", "1", "2", "3", "4", NULL};
static const char *const pcr_indexes[] = {"0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",
                                          "9",  "10", "11", "12", "13", "14", "15", "16", "17",
                                          "18", "19", "20", "21", "22", "23", NULL};

static const char qemu[] = "qemu-tdx", azure[] = "azure-tdx";

static enum err_code kind_of(struct bytes type, enum tee_kind *ret, struct err *e)
{
    if (bytes_eq(type, bytes_of_str(qemu)))
        *ret = TEE_TDX;
    else if (bytes_eq(type, bytes_of_str(azure)))
        *ret = TEE_AZURE_TDX;
    else if (bytes_eq(type, bytes_of_str("dcap-tdx")))
        return err_set(e, ERR_INVALID,
                       PROXY_HEADER_TYPE ": found dcap-tdx, which is a name of the proxy's command "
                                         "line; the header says qemu-tdx");
    else
        return err_set(e, ERR_INVALID,
                       PROXY_HEADER_TYPE ": %zu bytes that are neither qemu-tdx nor azure-tdx",
                       type.n);
    return ERR_OK;
}

static bool is_lower_hex(const char *text)
{
    return text[strspn(text, "0123456789abcdef")] == 0;
}

static enum err_code value_at(const json *tree, const char *index, uint8_t *ret, size_t n,
                              struct err *e)
{
    const char *text;

    TRY(json_get_str(tree, index, PROXY_MEASUREMENT_MAX, &text, e));
    if (strlen(text) != 2 * n || !is_lower_hex(text))
        return err_set(e, ERR_INVALID,
                       "measurement %s: found %zu characters, expected %zu of lower-case hex",
                       index, strlen(text), 2 * n);
    return hex_decode(bytes_of_str(text), ret, n, e);
}

static enum err_code read_tdx(const json *tree, struct measurements *m, struct err *e)
{
    uint8_t *const at[N_TDX] = {m->mrtd, m->rtmr[0], m->rtmr[1], m->rtmr[2], m->rtmr[3]};
    static const uint8_t zero[sizeof m->mrtd];

    TRY(json_only(tree, tdx_indexes, e));
    for (size_t i = 0; i < N_TDX; i++)
        TRY(value_at(tree, tdx_indexes[i], at[i], sizeof m->mrtd, e));
    /* Zeros are asked for where there is no MRTD (Azure): no TD may pass for that. */
    if (memcmp(m->mrtd, zero, sizeof zero) == 0)
        return err_set(e, ERR_INVALID, "measurement 0: an MRTD of zeros, which no TD has");
    return ERR_OK;
}

static enum err_code read_azure(const json *tree, struct measurements *m, struct err *e)
{
    static const uint8_t needed[] = {4, 9, 11}; /* what an identity is made of */

    TRY(json_only(tree, pcr_indexes, e));
    for (size_t i = 0; i < sizeof needed; i++)
        if (!json_has(tree, pcr_indexes[needed[i]]))
            return err_set(e, ERR_INVALID, "no measurement %u: an identity needs PCRs 4, 9 and 11",
                           needed[i]);
    for (size_t i = 0; i < N_PCR; i++)
        if (json_has(tree, pcr_indexes[i]))
            TRY(value_at(tree, pcr_indexes[i], m->pcr[i], sizeof m->pcr[i], e));
    return ERR_OK;
}

enum err_code proxy_headers_read(struct bytes type, struct bytes measurement,
                                 struct measurements *ret, struct err *e)
{
    struct measurements m = {0};
    AUTO(json) tree = NULL;

    TRY(kind_of(type, &m.kind, e));
    TRY_IN(e, json_parse(measurement, PROXY_MEASUREMENT_MAX, &tree, e), PROXY_HEADER_MEASUREMENT);
    if (!json_is_object(tree))
        return err_set(e, ERR_INVALID, PROXY_HEADER_MEASUREMENT ": not a JSON object");
    TRY_IN(e, m.kind == TEE_TDX ? read_tdx(tree, &m, e) : read_azure(tree, &m, e),
           PROXY_HEADER_MEASUREMENT);
    *ret = m;
    return ERR_OK;
}

const char *proxy_headers_type(const struct measurements *m)
{
    return m->kind == TEE_AZURE_TDX ? azure : qemu;
}
