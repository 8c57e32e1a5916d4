namespace Received.Bench.Servers;

/// <summary>What keeps a measurement from being made; the message is for the one who asked for it.</summary>
public sealed class BenchException(string message) : Exception(message);
