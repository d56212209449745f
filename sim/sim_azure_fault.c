#include "sim_azure_fault.h"

static const struct {
    const char *name;
    struct sim_azure_faults faults;
} table[] = {
#define MACHINE_(id, text) {text, {.machine = (id)}},
#define AK_(id, text)      {text, {.ak = (id)}},
    SIM_AK_FAULTS(AK_) SIM_PARAVISOR_FAULTS(MACHINE_) SIM_MACHINE_FAULTS(MACHINE_)
#undef MACHINE_
#undef AK_
};
#define N (sizeof table / sizeof table[0])

enum err_code sim_azure_fault_parse(const char *name, struct sim_azure_faults *ret, struct err *e)
{
    for (size_t i = 0; i < N; i++)
        if (strcmp(name, table[i].name) == 0) {
            *ret = table[i].faults;
            return ERR_OK;
        }
    return err_set(e, ERR_INVALID,
                   "no fault of an Azure machine is named '%s'; `teereg-sim faults` lists them",
                   name);
}

void sim_azure_fault_list(void (*each)(const char *name))
{
    for (size_t i = 0; i < N; i++)
        each(table[i].name);
}
