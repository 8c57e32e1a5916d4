namespace Received.Model;

/// <summary>What rating decided about an event, at its position, for good. Stored: never renumber.</summary>
public enum Fate : byte
{
    Counted = 0,

    /// <summary>Its identity, and the same event, stands at an earlier position within the dedupe window.</summary>
    Duplicate = 1,

    /// <summary>Its identity stands at an earlier position, with a different event. Not counted, kept,
    /// reported.</summary>
    Conflict = 2,

    Voided = 3,

    /// <summary>Could not be processed; kept with a <see cref="ParkReason"/>, visible and replayable.</summary>
    Parked = 4,
}

/// <summary>Why an event or a whole frame is parked. Stored: never renumber.</summary>
public enum ParkReason : byte
{
    None = 0,

    /// <summary>The frame's payload does not match its checksum, or cannot be decoded.</summary>
    FrameCorrupt = 1,

    /// <summary>The frame's version or kind is not known to this program.</summary>
    FrameUnknown = 2,

    /// <summary>The frame's header is broken: how many events it held is unknown, and the audit says so.</summary>
    HeaderCorrupt = 3,

    /// <summary>One more event could overflow the window's sum.</summary>
    TotalOverflow = 4,
}
