namespace AgentReadiness.Testing;

/// <summary>What the kernel says of a process: proc(5).</summary>
internal static class ProcFigures
{
    /// <summary>User and system time of all its threads; nothing where it has ended. The kernel counts in hundredths of a second.</summary>
    public static TimeSpan Cpu(int id) =>
        Stat(id) is { } fields
            ? TimeSpan.FromSeconds(
                (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / 100
            )
            : TimeSpan.Zero;

    /// <summary>Its parent; 0 where it has ended.</summary>
    public static int Parent(int id) => Stat(id) is { } fields ? int.Parse(fields[1], CultureInfo.InvariantCulture) : 0;

    /// <summary>
    /// A field of its status that is in kB, such as VmRSS, in MB; 0 where it has ended and only its parent has not looked yet.
    /// </summary>
    public static double Memory(int id, string field) =>
        File.ReadLines($"/proc/{id}/status")
            .Where(line => line.StartsWith(field + ":", StringComparison.Ordinal))
            .Select(line =>
                double.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024
            )
            .SingleOrDefault();

    // What is behind the name in brackets, which may hold anything: the third field is the first.
    private static string[]? Stat(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
