/* The version of all programs: the only place that names it. */
#ifndef LATTICE_COMMON_VERSION_H
#define LATTICE_COMMON_VERSION_H

#define LATTICE_VERSION "0.1"

#endif
