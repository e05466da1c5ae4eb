/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What eudp_run tells libeudp_run.so, which it lets the dynamic linker load
 * into a program and its descendants.
 */
#ifndef _EUDP_RUN_H
#define _EUDP_RUN_H

/* Environment: "inet" is the second door, anything else AF_EUDP */
#define ENV_DOOR	"EUDP_RUN_DOOR"
/* Environment: set, there is no falling back to UDP */
#define ENV_STRICT	"EUDP_RUN_STRICT"
/* Environment: ports and names of programs, all others have UDP */
#define ENV_ONLY	"EUDP_RUN_ONLY"
/* Environment: where struct state is, as STATE_FORMAT: pid, fd, inode */
#define ENV_STATE	"EUDP_RUN_STATE"
#define STATE_FORMAT	"%d:%d:%llu"

/*
 * What all processes of a command share: a memfd, which is open in the process
 * of eudp_run and inherited. It is found by its number, or, as many programs
 * close what they do not know before they execute another, in /proc.
 */
struct state {
	_Atomic unsigned long eudp;	/* sockets that were redirected, */
	_Atomic unsigned long udp;	/* left to UDP, */
	_Atomic unsigned long failed;	/* or that neither gave */
	_Atomic bool noticed;		/* that eudp is not loaded */
	_Atomic unsigned int not_run;	/* the program cannot be executed */
};

/* The statuses of env(1) */
#define OWN_FAILURE 125
#define NOT_EXECUTABLE 126
#define NOT_FOUND 127

/* eudp_run --cgroup */
void cgroup_set_up(void);
void cgroup_enter(void);
unsigned long cgroup_count(void);
void cgroup_tear_down(void);

#endif /* _EUDP_RUN_H */
