using System.ComponentModel.DataAnnotations;

namespace Received.Rating;

/// <summary>How the loops behind the log work. All memory that they take is bounded by these.</summary>
public sealed class RatingOptions
{
    /// <summary>
    /// Totals kept in memory so that rating need not read them back, over all partitions; 250 to 500 bytes each. Those
    /// that a flush at hand needs come on top.
    /// </summary>
    [Range(1_000, 100_000_000)]
    public int TotalsCachedMax { get; set; } = 500_000;

    /// <summary>References whose names are kept in memory, over all partitions; about 300 bytes each.</summary>
    [Range(1_000, 100_000_000)]
    public int NamesCachedMax { get; set; } = 100_000;

    /// <summary>
    /// Events rated, over all partitions, after which they are written at once: so much of the log, a few seconds'
    /// work, is rated again after a crash.
    /// </summary>
    [Range(1, 100_000_000)]
    public int FlushEvents { get; set; } = 4_000_000;

    /// <summary>
    /// Keys, and totals and fates, over all partitions, after which they are written at once: what waits takes 50 bytes
    /// a key and 150 a total, and as much again is being written meanwhile.
    /// </summary>
    [Range(1, 10_000_000)]
    public int FlushRows { get; set; } = 250_000;

    /// <summary>
    /// How long a rated event waits to be written while writing is quick. Where it takes long, the wait is nine times
    /// as long as the write before, up to <see cref="FlushDelayMax"/>, as long as more events keep coming.
    /// </summary>
    public TimeSpan FlushDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// The longest that a rated event waits to be written, and that rating goes on beside a write that takes long.
    /// Totals are promised within 2 s of the acknowledgement.
    /// </summary>
    public TimeSpan FlushDelayMax { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of frames taken from one partition before the next one has its turn.</summary>
    [Range(1, 64 * 1024 * 1024)]
    public int ReadBytes { get; set; } = 1024 * 1024;

    /// <summary>
    /// How long a loop that has just read lets the log grow before it reads on: of many small frames each costs less
    /// when they come together. Small beside <see cref="FlushDelay"/>; a loop that was idle reads at once.
    /// </summary>
    public TimeSpan ReadDelay { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How often rating notes how far it is. Law 7 asks for it at least every second.</summary>
    public TimeSpan HeartbeatEvery { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Events after which the archive writes. Until then they are held in memory, packed as in the log. Two of DuckDB's
    /// row groups: what fills one goes into the file at once, the rest first into its write-ahead log.
    /// </summary>
    [Range(1, 10_000_000)]
    public int ArchiveEvents { get; set; } = 245_760;

    /// <summary>How long an event waits to be archived while fewer than <see cref="ArchiveEvents"/> wait.</summary>
    public TimeSpan ArchiveDelay { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// How old an event may be that is not rated yet before the archive leaves the cores to rating. Above
    /// <see cref="FlushDelayMax"/> and a flush, or the archive would wait for rating whenever there is load.
    /// </summary>
    public TimeSpan ArchiveYieldBehind { get; set; } = TimeSpan.FromMilliseconds(1500);

    /// <summary>
    /// What this process may take of the machine's cores for other things, in percent, before the archive leaves them
    /// all to it and writes nothing, until it is <see cref="ArchiveLagMax"/> behind. 100: it yields to nothing, not to
    /// rating either.
    /// </summary>
    [Range(1, 100)]
    public int ArchiveYieldPercent { get; set; } = 50;

    /// <summary>
    /// How far the archive may fall behind while it yields. Past it it takes its full share, or a load that never ends
    /// would fill the disk with the log; then it comes in bursts, until it is less than that behind.
    /// </summary>
    public TimeSpan ArchiveLagMax { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>A write that takes longer shows in the loop's status and in the server's health.</summary>
    public TimeSpan StuckAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the log is told what it may forget.</summary>
    public TimeSpan RetentionEvery { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>First pause after the store or the log failed; doubled up to <see cref="BackOffMax"/>.</summary>
    public TimeSpan BackOffFirst { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest pause after the store or the log failed.</summary>
    public TimeSpan BackOffMax { get; set; } = TimeSpan.FromSeconds(5);
}
