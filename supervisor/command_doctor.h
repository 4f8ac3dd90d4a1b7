/* The command `doctor`. */
#ifndef LATTICE_SUPERVISOR_COMMAND_DOCTOR_H
#define LATTICE_SUPERVISOR_COMMAND_DOCTOR_H

/* argv[0] is the command's name; gives the exit code. */
int command_doctor(int argc, char **argv);

#endif
