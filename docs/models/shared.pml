/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of src/core/shared.c, for SPIN: three CPUs enter and remove shared
 * mappings, now and deferred, slots are short, and one CPU asks for quiet.
 * Names are those of the C code.  docs/models/README.md says what is run.
 *
 * A shootdown is here what shootdown.pml shows it to be: each CPU forgets at
 * some moment between call and return, if it is not deaf, that is, unless it
 * has interrupts off and does not poll.
 *
 * WHAT MUST HOLD
 *
 * stale	A slot that enter returns has no translation left, on any
 *		CPU, but the new one; with KEEPS_EMPTY (riscv64), no CPU
 *		remembers either that it was empty.
 * dead		A page that remove gave back, or remove_deferred and then
 *		quiesce, or a window's page and then quiesce, is reached by no
 *		CPU any more.
 * owner	A slot has one owner.
 * excuse	Enter fails only if at some moment of the call no slot was
 *		free, or if another enter was faster.
 * end state	Every call returns ...
 * cycle	... and nobody goes round for ever: SPIN looks for any cycle.
 *
 * WHAT IS RUN
 *
 * tests/model/run reads these lists, as those of shootdown.pml.
 *
 * CONFIGURATIONS
 *
 *	two-slots	correct
 *		Two slots, three CPUs that enter once, one quiesce.
 *	one-slot	correct -DSLOTS=1
 *		One slot.
 *	no-cycle	no cycle -DSLOTS=1
 *		Two CPUs find no slot.
 *	keeps-empty	correct -DKEEPS_EMPTY=1 -DENTERS_2=0
 *		Empty entries are remembered.
 *	keeps-empty-all	correct slow -DKEEPS_EMPTY=1
 *		... by three CPUs.
 *	again		correct slow -DENTERS_0=2
 *		One enters twice.
 *	one-slot-again	correct slow -DSLOTS=1 -DENTERS_0=2 -DQUIESCES=2
 *		... with one slot, and two quiesces.
 *	no-cycle-two	no cycle slow
 *		Two slots.
 *
 * MUTANTS: with -DNAME, a step is missing, or misplaced.
 *
 *	RELEASED_BEFORE_SHOOTDOWN stale
 *		Remove: the slot can be taken before it is forgotten.
 *	REMOVED_WITHOUT_SHOOTDOWN dead
 *		Remove: nobody is told.
 *	DEFERRED_TO_CLEAN	stale
 *		Remove deferred: the slot can be taken at once.
 *	DIRTY_NOT_RELEASE	dead
 *		Remove deferred: the clear is in its buffer when the slot can
 *		be reclaimed.
 *	CLEAN_BEFORE_SHOOTDOWN	stale
 *		Reclaim: the slots can be taken before they are forgotten.
 *	RECLAIMED_WITHOUT_SHOOTDOWN dead
 *		Reclaim: nobody is told.
 *	NOT_TAKEN_AT_ONCE	owner
 *		Enter: the slot stays in clean.
 *	EMPTY_KEPT		stale -DKEEPS_EMPTY=1
 *		Enter: CPUs remember that the slot was empty.
 *	NOT_COUNTED		excuse
 *		Enter fails while a reclaimer has the slots.
 *	RECLAIMERS_NOT_AWAITED	excuse
 *		Enter sees that, and fails all the same.
 *	NO_LAST_LOOK		excuse
 *		Enter fails though the reclaimer has just finished.
 *	COUNTED_WITHOUT_LOOKING	cycle -DSLOTS=1
 *		Who finds nothing dirty counts as a reclaimer meanwhile: two
 *		wait for each other's count, for ever.
 *	NO_POLL_WHILE_SPINNING	end state
 *		Who waits for a reclaimer is deaf to its shootdown.
 *	QUIESCED_SLOTS_ONLY	dead
 *		Quiesce forgets the shared slots, but not the windows.
 *	QUIESCED_IF_DIRTY	dead
 *		Quiesce with nothing to reclaim does nothing.
 *
 * WITNESSES
 *
 *	FAILED		reached
 *		Enter finds no slot.
 *	RECLAIMED	reached
 *		Enter makes a slot clean for itself.
 *	SPUN		reached
 *		Enter waits while another CPU does.
 *	BYPASSED	reached
 *		Enter sees a dirty slot, and another CPU takes it.
 *	QUIET		reached
 *		Quiesce finds nothing to reclaim.
 *	STALE		reached
 *		The old translation of a dirty slot is held.
 *	LAST_LOOK	reached
 *		The look after the last was of use.
 */

#ifndef SLOTS
#define SLOTS 2			/* in the only group, 1 or 2 */
#endif
#ifndef ENTERS_0
#define ENTERS_0 1		/* pages that each CPU enters and removes */
#endif
#ifndef ENTERS_1
#define ENTERS_1 1
#endif
#ifndef ENTERS_2
#define ENTERS_2 1
#endif
#ifndef QUIESCES
#define QUIESCES 1		/* times that CPU 2 calls qpmap_quiesce() */
#endif
#ifndef KEEPS_EMPTY
#define KEEPS_EMPTY 0		/* QPMAP_TLB_KEEPS_EMPTY */
#endif

/* Where a witness is: see above. */
#ifndef REACH
#define REACH 0
#endif
#define WITNESS(n) assert((n) != REACH)
#define FAILED		1
#define RECLAIMED	2
#define SPUN		3
#define BYPASSED	4
#define QUIET		5
#define STALE		6
#define LAST_LOOK	7

/*
 * TRANSLATIONS
 *
 * A bit each: slot s showing the page of CPU c; slot s being empty; and one
 * page that is mapped in CPU 0's window.  An entry is its translation's bit.
 * held, as in shootdown.pml, is all that any choice of walks could have
 * given; also to a CPU whose own store waits in its buffer.
 */
#define CPUS		3
#define PAGE(s, c)	(1 << (3 * (s) + (c)))
#define EMPTY(s)	(1 << (6 + (s)))
#define WINDOW		256
#define SLOT(s)		((7 << (3 * (s))) | EMPTY(s))
#define PAGES		63
#define EVERYTHING	511
#define FULL		((1 << SLOTS) - 1)

short pte[2];
short window_pte = WINDOW;
short held[CPUS];
short dead;

#if KEEPS_EMPTY
#define KEPT EVERYTHING
#else
#define KEPT (PAGES | WINDOW)
#endif

/* One store of each CPU can wait for being visible: NOTHING, or a slot's. */
#define NOTHING -1
typedef store_buffer {
	short pte;
	byte slot
};
store_buffer buffer[CPUS];

inline walk(c)
{
	held[c] = (held[c] | pte[0] | pte[1] | window_pte |
	    (buffer[c].pte == NOTHING -> 0 : buffer[c].pte)) & KEPT;
	assert((held[c] & dead) == 0)
}

inline walk_all()
{
	walk(0);
	walk(1);
	walk(2)
}

inline forget(c, mask)
{
	held[c] = held[c] & ~(mask);
	walk(c)
}

inline store_pte(s, value)
{
	atomic {
		buffer[me].pte == NOTHING;
		buffer[me].pte = value;
		buffer[me].slot = s;
		walk(me)
	}
}

/* In an atomic, before what is a full fence, or a release. */
#define VISIBLE (buffer[me].pte == NOTHING)

inline drain(c)
{
	pte[buffer[c].slot] = buffer[c].pte;
	buffer[c].pte = NOTHING;
	buffer[c].slot = 0;
	walk_all()
}

proctype memory()
{
end:	do
	:: atomic { buffer[0].pte != NOTHING -> drain(0) }
	:: atomic { buffer[1].pte != NOTHING -> drain(1) }
	:: atomic { buffer[2].pte != NOTHING -> drain(2) }
	od
}

/*
 * SHOOTDOWN
 *
 * todo: the CPUs that have not yet forgotten what.  Who waits, polls.
 */
bool deaf[CPUS];

inline forget_one(c)
{
	atomic {
		!deaf[c] && (todo & (1 << c)) != 0 ->
		forget(c, what);
		todo = todo & ~(1 << c)
	}
}

inline qpmap_shootdown(mask)
{
	atomic {
		VISIBLE;
		what = mask;
		todo = 7;
		deaf[me] = 0
	};
	do
	:: forget_one(0)
	:: forget_one(1)
	:: forget_one(2)
	:: atomic {
		todo == 0 ->
		what = 0;
		deaf[me] = 1
	   };
		break
	od
}

/*
 * SLOTS
 *
 * A bit each in three words, moved by single atomic operations.  owner is
 * whoever took a slot out of clean, until it is clean again.
 */
byte clean = FULL;
byte used;
byte dirty;
byte reclaiming;
byte owner[2];

/* What the enters that look for a slot have seen. */
bool looking[CPUS];
bool excuse[CPUS];
byte on_the_way;		/* slots that somebody reclaims */

#define NONE_FREE ((clean | dirty | on_the_way) == 0)

inline look()
{
	excuse[0] = looking[0] && (excuse[0] || NONE_FREE);
	excuse[1] = looking[1] && (excuse[1] || NONE_FREE);
	excuse[2] = looking[2] && (excuse[2] || NONE_FREE)
}

/* Take a slot out of clean; in an atomic, and only if there is one. */
inline take()
{
	s = ((clean & 1) != 0 -> 0 : 1);
#ifndef NOT_TAKEN_AT_ONCE
	clean = clean & ~(1 << s);
#endif
	assert(owner[s] == 0);
	owner[s] = me + 1;
	mine = 1;
	looking[me] = 0;
	excuse[0] = looking[0];
	excuse[1] = looking[1];
	excuse[2] = looking[2]
}

/* The slots of mask are clean: in an atomic. */
inline give_back(mask)
{
	if
	:: (((mask) & 1) != 0) -> owner[0] = 0
	:: else
	fi;
	if
	:: (((mask) & 2) != 0) -> owner[1] = 0
	:: else
	fi;
	clean = clean | (mask)
}

#define SLOTS_OF(mask) (((mask) & 1) * SLOT(0) | ((mask) >> 1) * SLOT(1))

/*
 * Who sees no dirty slot does not count as reclaiming: two of them would see
 * each other's count, and wait for nothing, for ever.
 */
inline qpmap_shared_reclaim(everything)
{
	if
#ifndef COUNTED_WITHOUT_LOOKING
	:: dirty == 0
	:: dirty != 0 ->
#else
	:: true ->
#endif
#ifndef NOT_COUNTED
		reclaiming++;
#endif
		atomic {
			VISIBLE;
			taken = dirty;
			dirty = 0;
			on_the_way = on_the_way | taken;
			did = did || taken != 0
		};
		if
		:: taken != 0 ->
#ifdef CLEAN_BEFORE_SHOOTDOWN
			atomic {
				give_back(taken);
				on_the_way = on_the_way & ~taken
			};
#endif
#if REACH == STALE
			assert(((held[0] | held[1] | held[2]) &
			    SLOTS_OF(taken) & PAGES) == 0);
#endif
#ifndef RECLAIMED_WITHOUT_SHOOTDOWN
			qpmap_shootdown(everything | SLOTS_OF(taken));
#endif
#ifndef CLEAN_BEFORE_SHOOTDOWN
			atomic {
				give_back(taken);
				on_the_way = on_the_way & ~taken
			};
#endif
			taken = 0
		:: else ->
			WITNESS(BYPASSED)
		fi;
#ifndef NOT_COUNTED
		reclaiming--
#endif
	fi
}

#ifdef RECLAIMERS_NOT_AWAITED
#define MAY_FAIL true
#else
#define MAY_FAIL (reclaiming == 0)
#endif
#ifdef NO_LAST_LOOK
#define LAST_LOOKED false
#else
#define LAST_LOOKED true
#endif

/*
 * Own a clean slot; mine is 0 if there is none.  A turn of C's loop without a
 * clean or a dirty slot, while somebody reclaims, changes nothing: here it is
 * a wait.
 */
inline qpmap_shared_own()
{
	atomic {
		deaf[me] = 1;
		looking[me] = 1;
		look()
	};
	do
	:: atomic { clean != 0 -> take() };
		break
	:: clean == 0 ->
		did = 0;
		qpmap_shared_reclaim(0);
		if
		:: did ->
			WITNESS(RECLAIMED)
#ifndef RECLAIMERS_NOT_AWAITED
		:: !did && reclaiming != 0 ->
			WITNESS(SPUN);
#ifndef NO_POLL_WHILE_SPINNING
			deaf[me] = 0;
#endif
			clean != 0 || dirty != 0 || reclaiming == 0;
			deaf[me] = 1
#endif
		:: !did && MAY_FAIL ->
			atomic {
				if
				:: clean != 0 && LAST_LOOKED ->
					WITNESS(LAST_LOOK);
					take()
				:: else
				fi
			};
			break
		fi
	od;
	did = 0
}

inline qpmap_shared_enter()
{
	qpmap_shared_own();
	if
	:: mine ->
		atomic {
			dead = dead & ~PAGE(s, me);
			deferred = deferred & ~PAGE(s, me);
			snapshot = snapshot & ~PAGE(s, me);
			store_pte(s, PAGE(s, me))
		};
#if KEEPS_EMPTY && !defined(EMPTY_KEPT)
		qpmap_shootdown(SLOT(s));
#endif
		atomic {
			VISIBLE;
			used = used | (1 << s);
			assert(pte[s] == PAGE(s, me));
			stale = (held[0] | held[1] | held[2]) & SLOT(s) &
			    ~PAGE(s, me);
			assert(stale == 0);
			deaf[me] = 0
		}
	:: else ->
		WITNESS(FAILED);
		atomic {
			assert(excuse[me]);
			looking[me] = 0;
			excuse[me] = 0;
			deaf[me] = 0
		}
	fi
}

inline qpmap_shared_clear()
{
	atomic {
		deaf[me] = 1;
		assert((used & (1 << s)) != 0 && owner[s] == me + 1);
		used = used & ~(1 << s)
	};
	store_pte(s, EMPTY(s))
}

inline qpmap_shared_remove()
{
	qpmap_shared_clear();
#ifdef RELEASED_BEFORE_SHOOTDOWN
	atomic { give_back(1 << s) };
#endif
#ifndef REMOVED_WITHOUT_SHOOTDOWN
	qpmap_shootdown(SLOT(s));
#endif
	atomic {
		VISIBLE;
#ifndef RELEASED_BEFORE_SHOOTDOWN
		give_back(1 << s);
#endif
		dead = dead | PAGE(s, me);
		walk_all();
		deaf[me] = 0
	}
}

inline qpmap_shared_remove_deferred()
{
	qpmap_shared_clear();
	atomic {
#ifndef DIRTY_NOT_RELEASE
		VISIBLE;
#endif
#ifdef DEFERRED_TO_CLEAN
		give_back(1 << s);
#else
		dirty = dirty | (1 << s);
#endif
		deferred = deferred | PAGE(s, me);
		deaf[me] = 0
	}
}

inline qpmap_quiesce()
{
	atomic {
		deaf[me] = 1;
		snapshot = deferred;
		deferred = deferred & WINDOW
	};
	did = 0;
#ifdef QUIESCED_SLOTS_ONLY
	qpmap_shared_reclaim(0);
#else
	qpmap_shared_reclaim(EVERYTHING);
#endif
	if
#ifndef QUIESCED_IF_DIRTY
	:: !did ->
		WITNESS(QUIET);
		qpmap_shootdown(EVERYTHING)
#endif
	:: else
	fi;
	atomic {
		did = 0;
		dead = dead | snapshot;
		snapshot = 0;
		walk_all();
		deaf[me] = 0
	}
}

/*
 * THE KERNEL
 */
short deferred;			/* pages to be had after a quiesce */
short snapshot;			/* those of the quiesce in progress */
short stale;

/* qpmap_remove() in CPU 0's window: the others are not told. */
proctype window()
{
	atomic {
		window_pte = 0;
		forget(0, WINDOW);
		deferred = deferred | WINDOW
	}
}

proctype cpu(byte me; byte enters; byte quiesces)
{
	short what;
	byte todo, taken, s;
	bool did, mine;

	do
	:: enters > 0 ->
		qpmap_shared_enter();
		if
		:: mine -> qpmap_shared_remove()
		:: mine -> qpmap_shared_remove_deferred()
		:: !mine
		fi;
		atomic {
			enters--;
			mine = 0;
			s = 0
		}
	:: quiesces > 0 ->
		qpmap_quiesce();
		quiesces--
	:: enters == 0 && quiesces == 0 -> break
	od
}

init {
	atomic {
		pte[0] = EMPTY(0);
		pte[1] = EMPTY(1);
		buffer[0].pte = NOTHING;
		buffer[1].pte = NOTHING;
		buffer[2].pte = NOTHING;
		walk_all();
		run memory();
		run window();
		run cpu(0, ENTERS_0, 0);
		run cpu(1, ENTERS_1, 0);
		run cpu(2, ENTERS_2, QUIESCES)
	}
}
