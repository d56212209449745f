/* A PCK chain in PEM, one certificate, and the SGX extension alone: each input is tried as all. */
#include "attest/pck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {data, size};
    AUTO(pck_platform) platform = NULL;
    struct pck_extension extension;
    struct pck_cert cert;
    enum attest_fault fault;
    struct err e;

    if (pck_cert_parse(in, &cert, &e) == ERR_OK && cert.sgx.n > 0)
        (void)!pck_extension_parse(cert.sgx, &extension, &fault, &e);
    (void)!pck_extension_parse(in, &extension, &fault, &e);
    if (pck_chain_verify(in, attest_roots(), NULL, NULL, &platform, &fault, &e) == ERR_OK)
        (void)!pck_validity_check(&platform->validity, 1790000000, &fault, &e);
    return 0;
}
