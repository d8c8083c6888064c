using AgentReadiness.Controller.Hosting;

namespace AgentReadiness.Controller.Tests;

public sealed class CrdFilesTests
{
    [Fact]
    public void The_files_and_the_types_agree()
    {
        var folder = Repository.PathOf("crds");
        var generated = CrdFiles.Generate().ToList();

        Directory.GetFiles(folder).Select(Path.GetFileName).Order().ShouldBe(generated.Select(file => file.FileName).Order());
        foreach (var (fileName, text) in generated)
            File.ReadAllText(Path.Combine(folder, fileName)).ShouldBe(text, $"{fileName} is not what the types say: run `make crds`");
    }

    [Fact]
    public void No_definition_is_too_large_for_client_side_apply()
    {
        foreach (var (fileName, text) in CrdFiles.Generate())
            Encoding.UTF8.GetByteCount(text).ShouldBeLessThan(262_144, fileName);
    }
}
