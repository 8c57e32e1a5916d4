using Received.Ingest.Validation;

namespace Received.Ingest.Formats;

/// <summary>
/// The few shapes met last, whoever sent them: one that does not fit costs a comparison. Reused from body to body, so
/// that a single event finds the shape of the one before.
/// </summary>
sealed class EventShapes
{
    /// <summary>An optional field or two, and two clients taking turns.</summary>
    const int ShapesMax = 4;

    /// <summary>A body whose events share no shape shall not pay for learning each.</summary>
    const int LearnedABodyMax = 8;

    /// <summary>Misses in a row after which most events of a body go the general way at once...</summary>
    const int MissesMax = 16;

    /// <summary>... but for one in so many, in case what follows has a shape again.</summary>
    const int TryOneIn = 16;

    readonly EventShape?[] _shapes = new EventShape?[ShapesMax];
    PlainTimestamp _clock;
    int _last;
    int _oldest;
    int _learned;
    int _misses;

    /// <summary>Events read so far.</summary>
    public long Taken { get; private set; }

    public void BeginBody() => (_learned, _misses) = (0, 0);

    /// <returns>The end of the event that begins there, or -1 where no shape fits.</returns>
    public int Read(ReadOnlySpan<byte> body, int at, in EventRules rules, ref ParsedEvent e)
    {
        if (_misses > MissesMax && _misses++ % TryOneIn != 0) return -1;
        var reader = new ShapeReader(body, rules);
        for (var i = 0; i < ShapesMax; i++)
        {
            var index = (_last + i) % ShapesMax;
            if (_shapes[index] is not { } shape) continue;
            var end = reader.Read(shape, at, ref _clock, ref e);
            if (end < 0)
            {
                e = default;
                continue;
            }

            _last = index;
            _misses = 0;
            Taken++;
            return end;
        }

        _misses++;
        return -1;
    }

    /// <summary>From an event that the general path has taken.</summary>
    public void Learn(ReadOnlySpan<byte> body, in ParsedEvent e)
    {
        if (_learned == LearnedABodyMax || e.Reason != RejectReason.None) return;
        _learned++;
        var shape = _shapes[_oldest] ??= new();
        if (!new ShapeLearner(body, e.Raw.Start).TryLearn(shape))
        {
            shape.Clear();
            return;
        }

        _last = _oldest;
        _oldest = (_oldest + 1) % ShapesMax;
    }
}
