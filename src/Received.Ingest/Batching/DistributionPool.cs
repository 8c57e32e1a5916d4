namespace Received.Ingest.Batching;

/// <summary>
/// Distributions that nobody uses, by the processor that used them last: the names that one remembers fill half of a
/// second-level cache, and to fetch them from another processor's costs more than finding them out anew. Keeps four a
/// processor, a few megabytes each at most: bodies are read without waiting, but threads are put aside while they do.
/// </summary>
sealed class DistributionPool(int partitionCount)
{
    const int KeptAProcessor = 4;

    readonly Lock _gate = new();
    readonly Stack<Distribution>[] _byProcessor =
        [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Stack<Distribution>())];

    int _kept;

    int Here => Thread.GetCurrentProcessorId() % _byProcessor.Length;

    public Distribution Rent()
    {
        lock (_gate)
        {
            // Another one's before a new one: threads move on, and nothing must grow for that.
            for (var (i, at) = (0, Here); i < _byProcessor.Length; i++, at = (at + 1) % _byProcessor.Length)
            {
                if (!_byProcessor[at].TryPop(out var distribution)) continue;
                _kept--;
                return distribution;
            }
        }

        return new(partitionCount);
    }

    public void Return(Distribution distribution)
    {
        if (!distribution.TryReuse()) return;
        lock (_gate)
        {
            if (_kept == KeptAProcessor * _byProcessor.Length) return;
            _kept++;
            _byProcessor[Here].Push(distribution);
        }
    }
}
