#include "attest/ccel_variable.h"

enum err_code ccel_variable_parse(struct bytes data, struct ccel_variable *ret, struct err *e)
{
    struct rd r = rd_of(data);
    struct ccel_variable v;
    uint64_t chars, size;

    v.guid = rd_take(&r, 16);
    chars = rd_u64le(&r);
    size = rd_u64le(&r);
    if (rd_ok(&r) && chars > CCEL_VARIABLE_NAME_MAX / 2)
        return err_set(e, ERR_INVALID, "EFI variable: a name of %llu characters, the most is %d",
                       (unsigned long long)chars, CCEL_VARIABLE_NAME_MAX / 2);
    v.name = rd_take(&r, 2 * (size_t)chars);
    v.value = rd_take(&r, size);
    if (!rd_end(&r))
        return err_set(e, ERR_INVALID, "EFI variable: its lengths do not fit the %zu bytes it has",
                       data.n);
    *ret = v;
    return ERR_OK;
}
