using Received.Model;

namespace Received.Usage.ClickHouse;

/// <summary>
/// Law 7 without snapshots over tables. Rows are absolute and those past a progress cannot be turned back, so a read
/// takes the progress first, then rows of one moment, and whatever met a row past the progress is read again. A writer
/// is between rows and progress for some 20 ms a flush; one that died there is finished from the journal by whoever
/// waits for it. At last the read is refused: a figure that belongs to no position is none.
/// </summary>
sealed class ExactReads(RatingWrites writes, TimeProvider time, TimeSpan timeout)
{
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(3);
    static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    public Attempt Begin() => new(this, Time.GetTimestamp());

    public sealed class Attempt(ExactReads reads, long started)
    {
        bool _finished;

        /// <summary>Before another try. The partitions are those that met a row past their progress.</summary>
        /// <exception cref="StoreUnavailableException">It has taken too long.</exception>
        public async ValueTask AgainAsync(IEnumerable<PartitionId> partitions, CancellationToken cancellation)
        {
            if (await TryAgainAsync(partitions, cancellation)) return;
            throw new StoreUnavailableException(
                "Rating was between two positions whenever the totals were read, for "
                + $"{reads.Time.GetElapsedTime(started).TotalSeconds:0.#} s: try again.");
        }

        /// <summary>As <see cref="AgainAsync"/>, but false where it has taken too long.</summary>
        public async ValueTask<bool> TryAgainAsync(
            IEnumerable<PartitionId> partitions, CancellationToken cancellation)
        {
            var elapsed = reads.Time.GetElapsedTime(started);
            if (elapsed > reads.Timeout) return false;
            if (elapsed > Patience && !_finished)
            {
                foreach (var partition in partitions) await reads.Writes.RollForwardAsync(partition, cancellation);
                _finished = true;
            }

            await Task.Delay(Pause, reads.Time, cancellation);
            return true;
        }
    }

    RatingWrites Writes { get; } = writes;

    TimeProvider Time { get; } = time;

    TimeSpan Timeout { get; } = timeout;
}
