namespace Received.Log.Kafka;

/// <summary>What a reader has fetched of one partition and not handed out. Its lane's lock guards it.</summary>
sealed class KafkaFeed(long first)
{
    readonly Queue<RentedFrame> _frames = [];

    /// <summary>Offset of the first frame that it holds, or of the next to come.</summary>
    public long First { get; private set; } = first;

    /// <summary>Offset of the frame that Kafka has to hand out next.</summary>
    public long Next => First + _frames.Count;

    public int Count => _frames.Count;

    public long Bytes { get; private set; }

    /// <summary>Not while there is no room for more.</summary>
    public bool IsFetched { get; set; }

    /// <summary>When somebody last asked for it, in the time provider's ticks.</summary>
    public long UsedAt { get; set; }

    /// <summary>Frames were missing from here on, and it was fetched again to be sure.</summary>
    public long? GapAt { get; set; }

    /// <summary>Why nothing more comes.</summary>
    public string? Failure { get; set; }

    /// <summary>Completes with the next frame, or failure.</summary>
    public TaskCompletionSource? Arrival { get; set; }

    public void Add(RentedFrame frame)
    {
        _frames.Enqueue(frame);
        Bytes += frame.Length;
    }

    public RentedFrame Take()
    {
        var frame = _frames.Dequeue();
        First++;
        Bytes -= frame.Length;
        return frame;
    }

    /// <summary>Gives back what it holds.</summary>
    public void Clear()
    {
        while (_frames.Count > 0) Take().Return();
    }

    public void Signal()
    {
        Arrival?.TrySetResult();
        Arrival = null;
    }
}
