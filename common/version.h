/* The version of all programs. */
#ifndef LATTICE_COMMON_VERSION_H
#define LATTICE_COMMON_VERSION_H

#ifndef LATTICE_VERSION
#define LATTICE_VERSION "0.1"
#endif

#endif
