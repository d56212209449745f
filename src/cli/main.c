/* main - the teereg command.  Room: cli. */
#include <stdio.h>

int main(void)
{
    puts("teereg " TEEREG_VERSION);
    return 0;
}
