namespace Received.Log.Segments;

/// <summary>Where writing goes on after an open.</summary>
/// <param name="Last">The newest segment; null in a new log.</param>
/// <param name="Active">The same, leased from the cache; null with it.</param>
/// <param name="Writable">False where the next append must begin a new segment.</param>
/// <param name="End">Behind the last group of the newest segment.</param>
sealed record LogTail(Segment? Last, OpenSegment? Active, bool Writable, long End, long NextGroup);

/// <summary>Bytes of a group that was never acknowledged, found after an unclean end, cut and kept in a file.</summary>
public sealed record CutTail(string Segment, long Position, long Bytes, string KeptIn);

/// <summary>What an open found.</summary>
/// <param name="CleanEnd">The log was closed in order, or is new.</param>
/// <param name="Cut">Null where the last group was whole.</param>
/// <param name="Damaged">
/// Segments in which something is broken, as far as this open looked: only the last is read.
/// </param>
public sealed record LogRecovery(bool CleanEnd, CutTail? Cut, IReadOnlyList<string> Damaged);
