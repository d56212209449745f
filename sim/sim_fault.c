#include "sim_quote.h"

static const char *const names[] = {
#define SIM_FAULT_TEXT_(id, name) [id] = (name),
    SIM_FAULTS(SIM_FAULT_TEXT_)
#undef SIM_FAULT_TEXT_
};

const char *sim_fault_name(enum sim_fault f)
{
    return (size_t)f < SIM_FAULT_COUNT ? names[f] : "unknown";
}

enum err_code sim_fault_parse(const char *name, enum sim_fault *ret, struct err *e)
{
    for (size_t i = 0; i < SIM_FAULT_COUNT; i++)
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum sim_fault)i;
            return ERR_OK;
        }
    return err_set(e, ERR_INVALID, "no fault is named '%s'; `teereg-sim faults` lists them", name);
}
