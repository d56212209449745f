/* main - teereg-sim, a simulated TDX platform for development.  Room: sim. */
#include <stdio.h>

int main(void)
{
    puts("teereg-sim " TEEREG_VERSION);
    return 0;
}
