namespace Received.Server.Demo.FakeStripe;

/// <summary>What goes wrong on purpose.</summary>
sealed class StripeSwitches
{
    readonly Lock _gate = new();
    readonly Queue<StripeFault> _script = [];

    Random? _random;
    int _oneIn;

    /// <summary>Runs before a POST is worked on: a test holds requests with it.</summary>
    public Func<Task>? Before { get; set; }

    /// <summary>Paths whose GETs are answered with 500; null for none.</summary>
    public Func<string, bool>? IsUnreadable { get; set; }

    /// <summary>How often each notice is sent: 2 and more are replays.</summary>
    public int Copies { get; set; } = 1;

    /// <summary>The last notice first.</summary>
    public bool Reversed { get; set; }

    /// <summary>Before each notice.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>How long ago notices claim to have been signed.</summary>
    public TimeSpan SignedAgo { get; set; }

    /// <summary>Charges get their balance transaction, and so their fee, only by
    /// <see cref="StripeBooks.SettleFees"/>.</summary>
    public bool FeesAreLate { get; set; }

    /// <summary>The next POSTs fail in this way, one after the other.</summary>
    public void FailNext(params ReadOnlySpan<StripeFault> faults)
    {
        lock (_gate)
        {
            foreach (var fault in faults) _script.Enqueue(fault);
        }
    }

    /// <summary>One POST in so many fails at random, with its work done or not; 0 for none.</summary>
    public void FailOneIn(int posts, int seed)
    {
        lock (_gate) (_oneIn, _random) = (posts, new(seed));
    }

    public StripeFault NextFault()
    {
        lock (_gate)
        {
            if (_script.TryDequeue(out var fault)) return fault;
            if (_oneIn == 0 || _random!.Next(_oneIn) != 0) return StripeFault.None;
            return _random.Next(2) == 0 ? StripeFault.FailedBefore : StripeFault.AnswerLost;
        }
    }
}

/// <summary>How a POST fails.</summary>
enum StripeFault
{
    None,

    /// <summary>500; nothing was done and nothing is remembered.</summary>
    FailedBefore,

    /// <summary>The work is done and its answer remembered under the key, but the client gets 500.</summary>
    AnswerLost,

    /// <summary>As above, and the connection is cut instead of an answer.</summary>
    ConnectionCut,

    /// <summary>The work is done, but 500 is what is remembered under the key.</summary>
    FailedForGood,
}
