namespace AgentReadiness.Testing;

/// <summary>The repository that a test was built from: its documents and samples are under test too.</summary>
internal static class Repository
{
    /// <summary>The path of a file or folder in it.</summary>
    public static string PathOf(params string[] parts)
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Operator.sln")))
            root =
                Path.GetDirectoryName(root)
                ?? throw new InvalidOperationException("the repository's root was not found above the build's output");
        return Path.Combine([root, .. parts]);
    }
}
