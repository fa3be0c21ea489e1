/* The program of `make proofs`.  A new domain gets a file with its obligations, and a line here. */
#include "proofs/prove.h"

int main(int argc, char **argv)
{
    obligations_of_lemmas();
    obligations_of_scalars();
    return prove_all(argc, argv);
}
