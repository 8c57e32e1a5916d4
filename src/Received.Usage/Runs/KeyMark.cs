namespace Received.Usage.Runs;

/// <summary>How far a partition's keys go.</summary>
/// <param name="Next">The frame after the one that the newest key is of; 0 where there is none.</param>
/// <param name="LogTimeMs">The newest log time of the keys so far.</param>
readonly record struct KeyMark(ushort Generation, long Next, long LogTimeMs)
{
    public bool IsPast(KeyMark other) => (Generation, Next).CompareTo((other.Generation, other.Next)) > 0;
}
