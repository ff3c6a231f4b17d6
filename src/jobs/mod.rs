//! What runs by itself: the schedule, and a file a job.
