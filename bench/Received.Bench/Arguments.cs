using System.Globalization;

namespace Received.Bench;

/// <summary>Options of a command, each read once by its name; what nobody reads is an error.</summary>
sealed class Arguments
{
    readonly Dictionary<string, string?> _values = [];

    /// <exception cref="ArgumentException">Something that is no option.</exception>
    public Arguments(IEnumerable<string> args)
    {
        string? name = null;
        foreach (var argument in args)
        {
            if (argument.StartsWith("--", StringComparison.Ordinal)) _values[name = argument] = null;
            else if (name is not null && _values[name] is null) _values[name] = argument;
            else throw new ArgumentException($"'{argument}' belongs to no option.");
        }
    }

    public bool Flag(string name) => _values.Remove(name, out var value) && (value is null
        ? true
        : throw new ArgumentException($"{name} takes no value, '{value}' was given."));

    public string? Text(string name)
    {
        if (!_values.Remove(name, out var value)) return null;
        return value ?? throw new ArgumentException($"{name} needs a value.");
    }

    public int Number(string name, int otherwise, int least = 0, int most = int.MaxValue)
    {
        if (Text(name) is not { } text) return otherwise;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most) return value;
        throw new ArgumentException($"{name} is a whole number from {least} to {most}, not '{text}'.");
    }

    /// <summary>From 0 to 1; given without a value: 1.</summary>
    public double Share(string name)
    {
        if (!_values.Remove(name, out var text)) return 0;
        if (text is null) return 1;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && value is >= 0 and <= 1) return value;
        throw new ArgumentException($"{name} is a number from 0 to 1, not '{text}'.");
    }

    /// <exception cref="ArgumentException">An option that the command does not have.</exception>
    public void Check()
    {
        if (_values.Count > 0) throw new ArgumentException($"Unknown option {_values.Keys.First()}.");
    }
}
