using System.ComponentModel.DataAnnotations;

namespace Received.Usage.Runs;

/// <summary>How the embedded key index keeps its files.</summary>
public sealed class RunOptions : IValidatableObject
{
    /// <summary>
    /// Adjacent runs of about one size that are merged into one. 8: an entry is rewritten once for every eightfold
    /// growth (5 times to 100 M), and a look-up asks fewer than 8 runs a size.
    /// </summary>
    [Range(2, 64)]
    public int MergeFactor { get; set; } = 8;

    /// <summary>
    /// From so many runs on an add first merges some of them: look-ups ask each run, so this bounds their cost when
    /// merging in the background falls behind.
    /// </summary>
    [Range(2, 4096)]
    public int RunsMax { get; set; } = 64;

    /// <summary>Off only where a test wants to choose the moment.</summary>
    internal bool MergeInBackground { get; set; } = true;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (RunsMax < MergeFactor)
            yield return new($"It must not be below MergeFactor, {MergeFactor}.", [nameof(RunsMax)]);
    }
}
