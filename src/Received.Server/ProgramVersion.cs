namespace Received.Server;

static class ProgramVersion
{
    public static string Text { get; } =
        typeof(ProgramVersion).Assembly.GetName().Version?.ToString(3) ?? "unknown";
}
