"""The profiles of vGPUs: which PCI subsystem ids of a GPU are parts of it, given to a virtual machine."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from .source import Source

RELEASED = Source(
    "g_nv_name_released.h of NVIDIA/open-gpu-kernel-modules @df1c9a3", "2026-11-30", "measured"
)
OLDER = Source("the table of vGPU types in DualCoder/vgpu_unlock", "2026-11-30", "uncertain")
CONFIGURED = Source(
    "public copies of the table of vGPU types of NVIDIA's host driver (vgpuConfig)",
    "2026-12-01",
    "uncertain",
)
GUESTS = Source(
    "NVIDIA virtual GPU software user guide, installing the graphics driver in a VM", "2026-11-30"
)


class VgpuRow(NamedTuple):
    """The profiles of a GPU: its device id, and SUBSYSTEM:PROFILE with spaces between them."""

    device: str
    name: str
    profiles: str
    source: Source


# fmt: off
VGPUS = (
    VgpuRow(
        "13bd",
        "GRID M10",
        "11cc:0B 11cd:1B 1339:1B4 1286:2B 12ee:2B4 11ce:0Q 11cf:1Q 11d0:2Q 11d1:4Q 11d2:8Q 11d3:1A 11d4:2A "
        "11d5:4A 11d6:8A",
        OLDER,
    ),
    VgpuRow(
        "13f2",
        "GRID M60",
        "114c:0Q 114d:1Q 114e:2Q 114f:4Q 1150:8Q 1176:0B 1177:1B 117d:2B 1337:1B4 12ec:2B4 11ae:1A 11af:2A "
        "11b0:4A 11b1:8A",
        OLDER,
    ),
    VgpuRow(
        "13f3",
        "GRID M6",
        "117c:2B 117e:0B 117f:1B 1180:0Q 1181:1Q 1182:2Q 1183:4Q 1184:8Q 11aa:1A 11ab:2A 11ac:4A 11ad:8A "
        "12ed:2B4 1338:1B4",
        CONFIGURED,
    ),
    VgpuRow(
        "15f7",
        "GRID P100C",
        "1265:1B 1266:1Q 1267:2Q 1268:4Q 1269:6Q 126a:12Q 126b:1A 126c:2A 126d:4A 126e:6A 126f:12A 128d:2B "
        "12f4:2B4 133f:1B4 137d:12C 138c:4C 138d:6C",
        CONFIGURED,
    ),
    VgpuRow(
        "15f8",
        "GRID P100",
        "1221:1B 1222:1Q 1223:2Q 1224:4Q 1225:8Q 1226:16Q 1227:1A 1228:2A 1229:4A 122a:8A 122b:16A 128c:2B "
        "12f2:2B4 133d:1B4 137c:16C 138a:4C 138b:8C",
        CONFIGURED,
    ),
    VgpuRow(
        "15f9",
        "GRID P100X",
        "122c:1B 122d:1Q 122e:2Q 122f:4Q 1230:8Q 1231:16Q 1232:1A 1233:2A 1234:4A 1235:8A 1236:16A 128b:2B "
        "12f3:2B4 133e:1B4 137b:16C 1388:4C 1389:8C",
        CONFIGURED,
    ),
    VgpuRow(
        "1b38",
        "GRID P40",
        "11e7:1B 11e8:1Q 11e9:2Q 11ea:3Q 11eb:4Q 11ec:6Q 11ed:8Q 11ee:12Q 11ef:24Q 11f0:1A 11f1:2A 11f2:3A "
        "11f3:4A 11f4:6A 11f5:8A 11f6:12A 11f7:24A 1287:2B 12ef:2B4 133a:1B4 137e:24C 1381:4C 1382:6C "
        "1383:8C 1384:12C",
        OLDER,
    ),
    VgpuRow(
        "1bb3",
        "GRID P4",
        "1203:1B 1204:1Q 1205:2Q 1206:4Q 1207:8Q 1208:1A 1209:2A 120a:4A 120b:8A 1288:2B 12f1:2B4 133c:1B4 "
        "1380:8C 1385:4C",
        OLDER,
    ),
    VgpuRow(
        "1bb4",
        "GRID P6",
        "11f8:1B 11f9:1Q 11fa:2Q 11fb:4Q 11fc:8Q 11fd:16Q 11fe:1A 11ff:2A 1200:4A 1201:8A 1202:16A 1289:2B "
        "12f0:2B4 133b:1B4 137f:16C 1386:4C 1387:8C",
        CONFIGURED,
    ),
    VgpuRow(
        "1db1",
        "GRID V100X",
        "1259:1B 125a:1Q 125b:2Q 125c:4Q 125d:8Q 125e:16Q 125f:1A 1260:2A 1261:4A 1262:8A 1263:16A 128e:2B "
        "12f6:2B4 1341:1B4 1378:16C 138e:4C 138f:8C",
        CONFIGURED,
    ),
    VgpuRow(
        "1db3",
        "GRID V100L",
        "1290:1B 1291:2B 1292:1Q 1293:2Q 1294:4Q 1295:8Q 1296:16Q 1297:1A 1298:2A 1299:4A 129a:8A 129b:16A "
        "12f9:2B4 1344:1B4 137a:16C 1398:4C 1399:8C",
        CONFIGURED,
    ),
    VgpuRow(
        "1db4",
        "GRID V100",
        "1254:1A 1255:2A 1256:4A 1257:8A 1258:16A 124e:1B 128f:2B 1340:1B4 12f5:2B4 124f:1Q 1250:2Q 1251:4Q "
        "1252:8Q 1253:16Q",
        OLDER,
    ),
    VgpuRow(
        "1db4",
        "GRID V100",
        "1379:16C 1393:4C 1394:8C",
        CONFIGURED,
    ),
    VgpuRow(
        "1db5",
        "GRID V100DX",
        "12cb:1B 12cc:2B 12cd:1Q 12ce:2Q 12cf:4Q 12d0:8Q 12d1:16Q 12d2:32Q 12d3:1A 12d4:2A 12d5:4A 12d6:8A "
        "12d7:16A 12d8:32A 12f8:2B4 1343:1B4 1376:32C 1390:4C 1391:8C 1392:16C",
        CONFIGURED,
    ),
    VgpuRow(
        "1db6",
        "GRID V100D",
        "12bd:1B 12be:2B 12bf:1Q 12c0:2Q 12c1:4Q 12c2:8Q 12c3:16Q 12c4:32Q 12c5:1A 12c6:2A 12c7:4A 12c8:8A "
        "12c9:16A 12ca:32A 12f7:2B4 1342:1B4 1377:32C 1395:4C 1396:8C 1397:16C",
        CONFIGURED,
    ),
    VgpuRow(
        "1df6",
        "GRID V100S",
        "13e1:1B 13e3:2B 13e5:1Q 13e6:2Q 13e7:4Q 13e8:8Q 13e9:16Q 13ea:32Q 13eb:1A 13ec:2A 13ed:4A 13ee:8A "
        "13ef:16A 13f0:32A 13f1:4C 13f2:8C 13f3:16C 13f4:32C",
        CONFIGURED,
    ),
    VgpuRow(
        "1e30",
        "GRID RTX6000",
        "1325:1Q 1326:2Q 1327:3Q 1328:4Q 1329:6Q 132a:8Q 132b:12Q 132c:24Q 13bf:4C 13c0:6C 13c1:8C 13c2:12C "
        "13c3:24C 1437:1B 1438:2B 1439:1A 143a:2A 143b:3A 143c:4A 143d:6A 143e:8A 143f:12A 1440:24A",
        OLDER,
    ),
    VgpuRow(
        "1e30",
        "GRID RTX8000",
        "132d:1Q 132e:2Q 132f:3Q 1330:4Q 1331:6Q 1332:8Q 1333:12Q 1334:16Q 1335:24Q 1336:48Q 13c4:4C 13c5:6C "
        "13c6:8C 13c7:12C 13c8:16C 13c9:24C 13ca:48C 1441:1B 1442:2B 1443:1A 1444:2A 1445:3A 1446:4A 1447:6A "
        "1448:8A 1449:12A 144a:16A 144b:24A 144c:48A",
        CONFIGURED,
    ),
    VgpuRow(
        "1e78",
        "GRID RTX6000P",
        "13f7:1B 13f8:2B 13f9:1Q 13fa:2Q 13fb:3Q 13fc:4Q 13fd:6Q 13fe:8Q 13ff:12Q 1400:24Q 1401:1A 1402:2A "
        "1403:3A 1404:4A 1405:6A 1406:8A 1407:12A 1408:24A 140d:4C 140e:6C 140f:8C 1410:12C 1411:24C",
        CONFIGURED,
    ),
    VgpuRow(
        "1e78",
        "GRID RTX8000P",
        "1412:1B 1413:2B 1414:1Q 1415:2Q 1416:3Q 1417:4Q 1418:6Q 1419:8Q 141a:12Q 141b:16Q 141c:24Q 141d:48Q "
        "141e:1A 141f:2A 1420:3A 1421:4A 1422:6A 1423:8A 1424:12A 1425:24A 1426:48A 142b:4C 142c:6C 142d:8C "
        "142e:12C 142f:16C 1430:24C 1431:48C 1436:16A",
        CONFIGURED,
    ),
    VgpuRow(
        "1eb8",
        "GRID T4",
        "1309:1B 130a:2B 130b:2B4 130c:1Q 130d:2Q 130e:4Q 130f:8Q 1310:16Q 1311:1A 1312:2A 1313:4A 1314:8A "
        "1315:16A 1345:1B4 1375:16C 139a:4C 139b:8C",
        RELEASED,
    ),
    VgpuRow(
        "20b0",
        "GRID A100X",
        "146f:1-5C 1470:2-10C 1471:3-20C 1472:4-20C 1473:7-40C 1474:4C 1475:5C 1476:8C 1477:10C 1478:20C "
        "1479:40C 160c:1-5CME 1840:1-10C",
        RELEASED,
    ),
    VgpuRow(
        "20b2",
        "GRID A100DX",
        "1523:1-10C 1524:2-20C 1525:3-40C 1526:4-40C 1527:7-80C 1528:4C 1529:8C 152a:10C 152b:16C 152c:20C "
        "152d:40C 152e:80C 160d:1-10CME 1841:1-20C",
        RELEASED,
    ),
    VgpuRow(
        "20b5",
        "GRID A100D",
        "1591:1-10C 1592:2-20C 1593:3-40C 1594:4-40C 1595:7-80C 1596:4C 1597:8C 1598:10C 1599:16C 159a:20C "
        "159b:40C 159c:80C 160f:1-10CME 183e:1-20C",
        RELEASED,
    ),
    VgpuRow(
        "20b7",
        "NVIDIA A30",
        "1589:1-6C 158a:2-12C 158b:4-24C 158c:4C 158d:6C 158e:8C 158f:12C 1590:24C 1610:1-6CME 183c:2-12CME",
        RELEASED,
    ),
    VgpuRow(
        "20f1",
        "GRID A100",
        "1493:1-5C 1494:2-10C 1495:3-20C 1496:4-20C 1497:7-40C 1498:4C 1499:5C 149a:8C 149b:10C 149c:20C "
        "149d:40C 160e:1-5CME 183d:1-10C",
        RELEASED,
    ),
    VgpuRow(
        "20f3",
        "GRID A800DX",
        "17b2:1-10CME 17b3:1-10C 17b4:2-20C 17b5:3-40C 17b6:4-40C 17b7:7-80C 17b8:4C 17b9:8C 17ba:10C "
        "17bb:16C 17bc:20C 17bd:40C 17be:80C 1842:1-20C",
        RELEASED,
    ),
    VgpuRow(
        "20f5",
        "GRID A800D",
        "17bf:1-10CME 17c0:1-10C 17c1:2-20C 17c2:3-40C 17c3:4-40C 17c4:7-80C 17c5:4C 17c6:8C 17c7:10C "
        "17c8:16C 17c9:20C 17ca:40C 17cb:80C 183f:1-20C",
        RELEASED,
    ),
    VgpuRow(
        "20f6",
        "GRID A800",
        "17cc:1-5CME 17cd:1-5C 17ce:2-10C 17cf:3-20C 17d0:4-20C 17d1:7-40C 17d2:4C 17d3:5C 17d4:8C 17d5:10C "
        "17d6:20C 17d7:40C 1843:1-10C",
        RELEASED,
    ),
    VgpuRow(
        "2230",
        "NVIDIA RTXA6000",
        "14fa:1B 14fb:2B 14fc:1Q 14fd:2Q 14fe:3Q 14ff:4Q 1500:6Q 1501:8Q 1502:12Q 1503:16Q 1504:24Q "
        "1505:48Q 1506:1A 1507:2A 1508:3A 1509:4A 150a:6A 150b:8A 150c:12A 150d:16A 150e:24A 150f:48A "
        "1514:4C 1515:6C 1516:8C 1517:12C 1518:16C 1519:24C 151a:48C 2203:3B",
        RELEASED,
    ),
    VgpuRow(
        "2231",
        "NVIDIA RTXA5000",
        "1562:1B 1563:2B 1564:1Q 1565:2Q 1566:3Q 1567:4Q 1568:6Q 1569:8Q 156a:12Q 156b:24Q 156c:1A 156d:2A "
        "156e:3A 156f:4A 1570:6A 1571:8A 1572:12A 1573:24A 1578:4C 1579:6C 157a:8C 157b:12C 157c:24C "
        "2205:3B",
        RELEASED,
    ),
    VgpuRow(
        "2233",
        "NVIDIA RTXA5500",
        "165c:1B 165d:2B 165e:1Q 165f:2Q 1660:3Q 1661:4Q 1662:6Q 1663:8Q 1664:12Q 1665:24Q 1666:1A 1667:2A "
        "1668:3A 1669:4A 166a:6A 166b:8A 166c:12A 166d:24A 1672:4C 1673:6C 1674:8C 1675:12C 1676:24C "
        "2204:3B",
        RELEASED,
    ),
    VgpuRow(
        "2235",
        "NVIDIA A40",
        "14d5:1B 14d6:2B 14d7:1Q 14d8:2Q 14d9:3Q 14da:4Q 14db:6Q 14dc:8Q 14dd:12Q 14de:16Q 14df:24Q "
        "14e0:48Q 14e1:1A 14e2:2A 14e3:3A 14e4:4A 14e5:6A 14e6:8A 14e7:12A 14e8:16A 14e9:24A 14ea:48A "
        "14f3:4C 14f4:6C 14f5:8C 14f6:12C 14f7:16C 14f8:24C 14f9:48C 2206:3B",
        RELEASED,
    ),
    VgpuRow(
        "2236",
        "NVIDIA A10",
        "14b6:1B 14b7:2B 14b8:1Q 14b9:2Q 14ba:3Q 14bb:4Q 14bc:6Q 14bd:8Q 14be:12Q 14bf:24Q 14c0:1A 14c1:2A "
        "14c2:3A 14c3:4A 14c4:6A 14c5:8A 14c6:12A 14c7:24A 14d0:4C 14d1:6C 14d2:8C 14d3:12C 14d4:24C "
        "2207:3B",
        RELEASED,
    ),
    VgpuRow(
        "2237",
        "NVIDIA A10G",
        "162a:1B 162b:2B 162c:1Q 162d:2Q 162e:3Q 162f:4Q 1630:6Q 1631:8Q 1632:12Q 1633:24Q 1634:1A 1635:2A "
        "1636:3A 1637:4A 1638:6A 1639:8A 163a:12A 163b:24A",
        RELEASED,
    ),
    VgpuRow(
        "2238",
        "NVIDIA A10M",
        "16a3:1B 16a4:2B 16a5:1Q 16a6:2Q 16a7:4Q 16a8:5Q 16a9:10Q 16aa:20Q 16ab:1A 16ac:2A 16ad:4A 16ae:5A "
        "16af:10A 16b0:20A 16b6:4C 16b7:5C 16b8:10C 16b9:20C 2208:3B",
        RELEASED,
    ),
    VgpuRow(
        "2321",
        "NVIDIA H100L",
        "1853:1-12CME 1854:1-12C 1855:1-24C 1856:2-24C 1857:3-47C 1858:4-47C 1859:7-94C 185a:4C 185b:6C "
        "185c:11C 185d:15C 185e:23C 185f:47C 1860:94C",
        RELEASED,
    ),
    VgpuRow(
        "2322",
        "NVIDIA H800",
        "17e2:1-10CME 17e3:1-10C 17e4:2-20C 17e5:3-40C 17e6:4-40C 17e7:7-80C 17e8:4C 17e9:5C 17ea:8C "
        "17eb:10C 17ec:16C 17ed:20C 17ee:40C 17ef:80C 1845:1-20C",
        RELEASED,
    ),
    VgpuRow(
        "2324",
        "NVIDIA H800XM",
        "18d5:1-10CME 18d6:1-10C 18d7:1-20C 18d8:2-20C 18d9:3-40C 18da:4-40C 18db:7-80C 18dc:4C 18dd:5C "
        "18de:8C 18df:10C 18e0:16C 18e1:20C 18e2:40C 18e3:80C",
        RELEASED,
    ),
    VgpuRow(
        "2329",
        "NVIDIA H20",
        "2028:1-12CME 2029:1-12C 202a:1-24C 202b:2-24C 202c:3-48C 202d:4-48C 202e:7-96C 202f:4C 2030:6C "
        "2031:12C 2032:16C 2033:24C 2034:48C 2035:96C 2047:8C 2048:32C",
        RELEASED,
    ),
    VgpuRow(
        "232c",
        "NVIDIA H20X",
        "2108:1-18CME 2109:1-18C 210a:1-35C 210b:2-35C 210c:3-71C 210d:4-71C 210e:7-141C 210f:4C 2110:7C "
        "2111:8C 2112:14C 2113:17C 2114:28C 2115:35C 2116:70C 2117:141C",
        RELEASED,
    ),
    VgpuRow(
        "2330",
        "NVIDIA H100XM",
        "187a:1-10CME 187b:1-10C 187c:1-20C 187d:2-20C 187e:3-40C 187f:4-40C 1880:7-80C 1881:4C 1882:5C "
        "1883:8C 1884:10C 1885:16C 1886:20C 1887:40C 1888:80C",
        RELEASED,
    ),
    VgpuRow(
        "2331",
        "NVIDIA H100",
        "16d3:1-10C 16d4:2-20C 16d5:3-40C 16d6:4-40C 16d7:7-80C 16d8:4C 16d9:8C 16da:10C 16db:16C 16dc:20C "
        "16dd:40C 16de:80C 1798:5C 17f0:1-10CME 1844:1-20C",
        RELEASED,
    ),
    VgpuRow(
        "2335",
        "NVIDIA H200X",
        "206e:1-18CME 206f:1-18C 2070:1-35C 2071:2-35C 2072:3-71C 2073:4-71C 2074:7-141C 2075:4C 2076:7C "
        "2077:8C 2078:14C 2079:17C 207a:28C 207b:35C 207e:70C 207f:141C",
        RELEASED,
    ),
    VgpuRow(
        "2337",
        "NVIDIA H100XS",
        "18f2:1-8CME 18f3:1-8C 18f4:1-16C 18f5:2-16C 18f6:3-32C 18f7:4-32C 18f8:7-64C 18f9:4C 18fa:8C "
        "18fb:16C 18fc:32C 18fd:64C",
        RELEASED,
    ),
    VgpuRow(
        "2339",
        "NVIDIA H100XL",
        "18e4:1-12CME 18e5:1-12C 18e6:1-24C 18e7:2-24C 18e8:3-47C 18e9:4-47C 18ea:7-94C 18eb:4C 18ec:6C "
        "18ed:11C 18ee:15C 18ef:23C 18f0:47C 18f1:94C",
        RELEASED,
    ),
    VgpuRow(
        "233a",
        "NVIDIA H800L",
        "1861:1-12CME 1862:1-12C 1863:1-24C 1864:2-24C 1865:3-47C 1866:4-47C 1867:7-94C 1868:4C 1869:6C "
        "186a:11C 186b:15C 186c:23C 186d:47C 186e:94C",
        RELEASED,
    ),
    VgpuRow(
        "233b",
        "NVIDIA H200",
        "2081:1-18CME 2082:1-18C 2083:1-35C 2084:2-35C 2085:3-71C 2086:4-71C 2087:7-141C 2088:4C 2089:7C "
        "208a:8C 208b:14C 208c:17C 208d:28C 208e:35C 208f:70C 2090:141C",
        RELEASED,
    ),
    VgpuRow(
        "2342",
        "NVIDIA GH200",
        "18c2:1-12CME 18c3:1-12C 18c4:1-24C 18c5:2-24C 18c6:3-48C 18c7:4-48C 18c8:7-96C 18c9:96C",
        RELEASED,
    ),
    VgpuRow(
        "2348",
        "NVIDIA GH200L",
        "20c2:1-18CME 20c3:1-18C 20c4:1-36C 20c5:2-36C 20c6:3-72C 20c7:4-72C 20c8:7-144C 20c9:144C",
        RELEASED,
    ),
    VgpuRow(
        "25b6",
        "NVIDIA A16",
        "159d:1B 159e:2B 159f:1Q 1600:2Q 1601:4Q 1602:8Q 1603:16Q 1604:1A 1605:2A 1606:4A 1607:8A 1608:16A "
        "1609:4C 160a:8C 160b:16C 2209:3B",
        RELEASED,
    ),
    VgpuRow(
        "25b6",
        "NVIDIA A2",
        "1646:1B 1647:2B 1648:1Q 1649:2Q 164a:4Q 164b:8Q 164c:16Q 164d:1A 164e:2A 164f:4A 1650:8A 1651:16A "
        "1655:4C 1656:8C 1657:16C 220a:3B",
        RELEASED,
    ),
    VgpuRow(
        "26b1",
        "NVIDIA RTX6000-Ada",
        "1708:1B 1709:2B 170a:1Q 170b:2Q 170c:3Q 170d:4Q 170e:6Q 170f:8Q 1710:12Q 1711:16Q 1712:24Q "
        "1713:48Q 1714:1A 1715:2A 1716:3A 1717:4A 1718:6A 1719:8A 171a:12A 171b:16A 171c:24A 171d:48A "
        "1728:4C 1729:6C 172a:8C 172b:12C 172c:16C 172d:24C 172e:48C 21fa:3B",
        RELEASED,
    ),
    VgpuRow(
        "26b2",
        "NVIDIA RTX5000-Ada",
        "1821:1B 1822:2B 1823:1Q 1824:2Q 1825:4Q 1826:8Q 1827:16Q 1828:32Q 1829:1A 182a:2A 182b:4A 182c:8A "
        "182d:16A 182e:32A 1835:4C 1836:8C 1837:16C 1838:32C 21fc:3B",
        RELEASED,
    ),
    VgpuRow(
        "26b3",
        "NVIDIA RTX5880-Ada",
        "1958:1B 1959:2B 195a:1Q 195b:2Q 195c:3Q 195d:4Q 195e:6Q 195f:8Q 1960:12Q 1961:16Q 1962:24Q "
        "1963:48Q 1964:1A 1965:2A 1966:3A 1967:4A 1968:6A 1969:8A 196a:12A 196b:16A 196c:24A 196d:48A "
        "1978:4C 1979:6C 197a:8C 197b:12C 197c:16C 197d:24C 197e:48C 21fb:3B",
        RELEASED,
    ),
    VgpuRow(
        "26b5",
        "NVIDIA L40",
        "176d:1B 176e:2B 176f:1Q 1770:2Q 1771:3Q 1772:4Q 1773:6Q 1774:8Q 1775:12Q 1776:16Q 1777:24Q "
        "1778:48Q 1779:1A 177a:2A 177b:3A 177c:4A 177d:6A 177e:8A 177f:12A 1780:16A 1781:24A 1782:48A "
        "178d:4C 178e:6C 178f:8C 1790:12C 1791:16C 1792:24C 1793:48C 21fd:3B",
        RELEASED,
    ),
    VgpuRow(
        "26b8",
        "NVIDIA L40G",
        "174e:1B 174f:2B 1750:1Q 1751:2Q 1752:3Q 1753:4Q 1754:6Q 1755:8Q 1756:12Q 1757:24Q 1758:1A 1759:2A "
        "175a:3A 175b:4A 175c:6A 175d:8A 175e:12A 175f:24A 1768:4C 1769:6C 176a:8C 176b:12C 176c:24C "
        "21ff:3B",
        RELEASED,
    ),
    VgpuRow(
        "26b9",
        "NVIDIA L40S",
        "1889:1B 188a:2B 188b:1Q 188c:2Q 188d:3Q 188e:4Q 188f:6Q 1890:8Q 1891:12Q 1892:16Q 1893:24Q "
        "1894:48Q 1895:1A 1896:2A 1897:3A 1898:4A 1899:6A 189a:8A 189b:12A 189c:16A 189d:24A 189e:48A "
        "18ab:4C 18ac:6C 18ad:8C 18ae:12C 18af:16C 18b0:24C 18b1:48C 21fe:3B",
        RELEASED,
    ),
    VgpuRow(
        "26ba",
        "NVIDIA L20",
        "1909:1B 190a:2B 190b:1Q 190c:2Q 190d:3Q 190e:4Q 190f:6Q 1910:8Q 1911:12Q 1912:16Q 1913:24Q "
        "1914:48Q 1915:1A 1916:2A 1917:3A 1918:4A 1919:6A 191a:8A 191b:12A 191c:16A 191d:24A 191e:48A "
        "192b:4C 192c:6C 192d:8C 192e:12C 192f:16C 1930:24C 1931:48C 2200:3B",
        RELEASED,
    ),
    VgpuRow(
        "27b6",
        "NVIDIA L2",
        "1938:1B 1939:2B 193a:1Q 193b:2Q 193c:3Q 193d:4Q 193e:6Q 193f:8Q 1940:12Q 1941:24Q 1942:1A 1943:2A "
        "1944:3A 1945:4A 1946:6A 1947:8A 1948:12A 1949:24A 1952:4C 1953:6C 1954:8C 1955:12C 1956:24C "
        "2202:3B",
        RELEASED,
    ),
    VgpuRow(
        "27b8",
        "NVIDIA L4",
        "172f:1B 1730:2B 1731:1Q 1732:2Q 1733:3Q 1734:4Q 1735:6Q 1736:8Q 1737:12Q 1738:24Q 1739:1A 173a:2A "
        "173b:3A 173c:4A 173d:6A 173e:8A 173f:12A 1740:24A 1749:4C 174a:6C 174b:8C 174c:12C 174d:24C "
        "2201:3B",
        RELEASED,
    ),
    VgpuRow(
        "2901",
        "NVIDIA B200X",
        "21d7:1-23CME 21d8:1-23C 21d9:1-45C 21da:2-45C 21db:3-90C 21dc:4-90C 21dd:7-180C 21ea:180C",
        RELEASED,
    ),
    VgpuRow(
        "2941",
        "NVIDIA GB200",
        "20cb:1-24CME 20cc:1-24C 20cd:1-47C 20ce:2-47C 20cf:3-95C 20d0:4-95C 20d1:7-189C 20d2:189C",
        RELEASED,
    ),
    VgpuRow(
        "2bb5",
        "NVIDIA RTX Pro 6000 Blackwell DC",
        "2160:1-2Q 2161:1-2A 2162:1-2B 2163:1-3Q 2164:1-3A 2165:1-4Q 2166:1-4A 2167:1-6Q 2168:1-6A "
        "2169:1-8Q 216a:1-8A 216b:1-8C 216c:1-12Q 216d:1-12A 216e:1-12C 216f:1-24Q 2170:1-24A 2171:1-24C "
        "2172:2-12Q 2173:2-12A 2174:2-12C 2175:2-16Q 2176:2-16A 2177:2-16C 2178:2-24Q 2179:2-24A 217a:2-24C "
        "217b:2-48Q 217c:2-48A 217d:2-48C 217e:4-24Q 217f:4-24A 2180:4-24C 2181:4-32Q 2182:4-32A 2183:4-32C "
        "2184:4-48Q 2185:4-48A 2186:4-48C 2187:4-96Q 2188:4-96A 2189:4-96C 218a:2B 218b:3Q 218c:3A 218d:4Q "
        "218e:4A 218f:6Q 2190:6A 2191:8Q 2192:8A 2193:8C 2194:12Q 2195:12A 2196:12C 2197:16Q 2198:16A "
        "2199:16C 219a:24Q 219b:24A 219c:24C 219d:32Q 219e:32A 219f:32C 21a0:48Q 21a1:48A 21a2:48C 21a3:96Q "
        "21a4:96A 21a5:96C 21f8:1-3B 21f9:3B",
        RELEASED,
    ),
    VgpuRow(
        "2bb9",
        "NVIDIA RTX 6000D",
        "2233:1-42Q 2234:1-42A 2235:1-42C 2243:2-84Q 2244:2-84A 2245:2-84C 226c:84Q 226d:84A 226e:84C",
        RELEASED,
    ),
    VgpuRow(
        "3182",
        "NVIDIA B300X",
        "22cb:1-34CME 22cc:1-34C 22cd:1-67C 22ce:2-67C 22cf:3-135C 22d0:4-135C 22d1:7-269C 22d2:269C",
        RELEASED,
    ),
)
# fmt: on


@lru_cache(maxsize=1)
def _by_ids() -> dict[tuple[str, str], str]:
    pairs = ((row, each.split(":")) for row in VGPUS for each in row.profiles.split())
    return {(row.device, subsystem): f"{row.name}-{profile}" for row, (subsystem, profile) in pairs}


def profile(device: str, subsystem: str | None) -> str | None:
    """Return the profile of a vGPU such as GRID T4-8Q; None for an entire GPU.

    ``device`` is four hexadecimal digits, ``subsystem`` VENDOR:DEVICE as sysfs has it.
    """
    vendor, _colon, number = (subsystem or "").lower().partition(":")
    return _by_ids().get((device, number)) if vendor == "10de" else None
